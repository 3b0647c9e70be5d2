import { ownHeader } from './client';
import { codeIn, RequestRefused, SessionEnded, Unreachable } from './errors';
import type { Id } from './types';

/** The server's answer about an uploaded file (RFC 8620 §6.1). */
export interface Uploaded {
  blobId: Id;
  type: string;
  size: number;
}

export interface UploadOptions {
  /** Stops it; it then ends with an `AbortError`. */
  signal: AbortSignal;
  /** Called with the part that has arrived, from 0 to 1. */
  progress: (part: number) => void;
}

/** Sends a file (RFC 8620 §6.1). Throws `SessionEnded`, `Unreachable`, `RequestRefused`. */
export function upload(url: string, file: Blob, { signal, progress }: UploadOptions): Promise<Uploaded> {
  // fetch cannot report how much of a body has been sent.
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  const done = new Promise<Uploaded>((resolve, reject) => {
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
      else if (request.status === 502 || request.status === 504) reject(new Unreachable('upload', true));
      else if (request.status >= 300) reject(new RequestRefused(request.status, codeIn(request.response)));
      else resolve(request.response as Uploaded);
    });
    signal.addEventListener('abort', stop);
    request.send(file);
  });
  return done.finally(() => signal.removeEventListener('abort', stop));
}
