import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import { RequestRefused, type upload } from '../jmap';
import { Draft } from './draft.svelte';
import { Uploads } from './uploads.svelte';

type Sending = typeof upload;

const file = (name: string) => new File(['x'], name, { type: 'text/plain' });
const done = (name = 'b1') => ({ blobId: name, type: 'text/plain', size: 1 });

async function uploads(sending: Sending) {
  const { connection } = await state(10);
  const kept: Draft[] = [];
  const all = new Uploads(connection, (draft) => kept.push(draft), sending);
  const most = connection.client.limits.maxConcurrentUpload;
  return { all, kept, most };
}

/** Returns a server that lets each upload wait until the test lets it end. */
function waiting() {
  const going: { name: string; end: () => void }[] = [];
  let begun = 0;
  const sending: Sending = (_url, sent, { signal }) =>
    new Promise((resolve, reject) => {
      begun += 1;
      const name = (sent as File).name;
      going.push({ name, end: () => resolve(done(name)) });
      signal.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
    });
  return { going, sending, begun: () => begun };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('files', () => {
  it('are seen at once, and go no more at one time than the server takes', async () => {
    const { going, sending, begun } = waiting();
    const { all, kept, most } = await uploads(sending);
    const draft = new Draft();
    const names = Array.from({ length: most + 3 }, (_, n) => `${n}.txt`);
    const ends = names.map((name) => all.attach(draft, file(name)));
    expect(draft.attachments.map((one) => one.name)).toEqual(names);
    await settled();
    expect(begun()).toBe(most);
    expect(draft.uploading).toBe(true);
    for (let n = 0; n < names.length; n += 1) {
      going[n]?.end();
      await settled();
      expect(begun()).toBe(Math.min(most + n + 1, names.length));
    }
    expect(await Promise.all(ends)).toEqual(names.map(() => 'attached'));
    expect(draft.attachments.map((one) => one.blobId)).toEqual(names);
    expect(draft.uploading).toBe(false);
    expect(kept.length).toBe(names.length);
  });

  it('that are taken away while they wait are never sent, and hold up none behind them', async () => {
    const { going, sending } = waiting();
    const { all, most } = await uploads(sending);
    const draft = new Draft();
    const ends = Array.from({ length: most + 2 }, (_, n) => all.attach(draft, file(`${n}.txt`)));
    const [first, second] = [0, most].map((n) => draft.attachments[n]?.key ?? 0);
    draft.removeAttachment(second ?? 0);
    draft.removeAttachment(first ?? 0);
    await settled();
    expect(going.map(({ name }) => name)).toEqual([
      ...Array.from({ length: most }, (_, n) => `${n}.txt`),
      `${most + 1}.txt`,
    ]);
    for (const { end } of going) end();
    await Promise.all(ends);
    expect(draft.attachments.every((one) => one.blobId && !one.failed)).toBe(true);
  });

  it('that failed can be sent once more', async () => {
    let broken = true;
    const { all, kept } = await uploads(() =>
      broken ? Promise.reject(new RequestRefused(500, '')) : Promise.resolve(done()),
    );
    const draft = new Draft();
    expect(await all.attach(draft, file('plan.txt'))).toBe('failed');
    const [attachment] = draft.attachments;
    expect(await attachment?.again?.()).toBe('failed');
    broken = false;
    expect(await attachment?.again?.()).toBe('attached');
    expect(attachment).toMatchObject({ blobId: 'b1', failed: false, progress: 1 });
    expect(kept).toEqual([draft]);
  });

  it('wait where another window of the same person takes all the turns', async () => {
    let tries = 0;
    const { all } = await uploads(() => {
      tries += 1;
      return tries === 1
        ? Promise.reject(new RequestRefused(400, 'maxConcurrentUpload'))
        : Promise.resolve(done());
    });
    expect(await all.attach(new Draft(), file('plan.txt'))).toBe('attached');
    expect(tries).toBe(2);
  });

  it('larger than the server takes are not even begun', async () => {
    const { sending, begun } = waiting();
    const { all } = await uploads(sending);
    const large = file('film.mkv');
    Object.defineProperty(large, 'size', { value: 1e12 });
    const draft = new Draft();
    expect(await all.attach(draft, large)).toBe('too-large');
    expect(draft.attachments).toEqual([]);
    expect(begun()).toBe(0);
  });
});
