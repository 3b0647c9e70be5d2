import { ownHeader } from './client';
import { RequestRefused, SessionEnded, Unreachable } from './errors';
import type { Id } from './types';

export interface Upload {
  done: Promise<{ blobId: Id; type: string; size: number }>;
  cancel(): void;
}

/** Sends a file (RFC 8620 §6.1). `progress` is told the part that is there, from 0 to 1. */
export function upload(url: string, file: Blob, progress: (part: number) => void): Upload {
  // fetch cannot tell how much of a body has been sent.
  const request = new XMLHttpRequest();
  const done = new Promise<{ blobId: Id; type: string; size: number }>((resolve, reject) => {
    request.open('POST', url);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    for (const [name, value] of Object.entries(ownHeader)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener('error', () => reject(new Unreachable('upload')));
    request.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
    request.addEventListener('load', () => {
      if (request.status === 401) reject(new SessionEnded());
      else if (request.status >= 300) reject(new RequestRefused(request.status, ''));
      else resolve(request.response as { blobId: Id; type: string; size: number });
    });
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}
