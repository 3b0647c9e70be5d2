import { describe, expect, it } from 'vitest';
import type { Page, Worker } from 'playwright-core';
import { letter, tell, until } from './stories';

const story = tell({ letters: 30 });

/** Returns the worker that shows notifications, as the settings have it begin. */
async function workerOf(page: Page): Promise<Worker> {
  const begun = page.context().waitForEvent('serviceworker');
  await page.evaluate(async () => {
    const policy = (window as unknown as { trustedTypes: { createPolicy: (...of: unknown[]) => unknown } })
      .trustedTypes;
    const made = policy.createPolicy('test', { createScriptURL: (url: string) => url }) as {
      createScriptURL: (url: string) => string;
    };
    await navigator.serviceWorker.register(made.createScriptURL('/sw.js'), { scope: '/' });
    await navigator.serviceWorker.ready;
  });
  return begun;
}

/** Clicks on the notification of a conversation; returns the address of the window that was opened for it. */
function click(worker: Worker, threadId: string): Promise<string | undefined> {
  return worker.evaluate(async (id) => {
    const scope = self as unknown as {
      registration: {
        showNotification: (title: string, more: object) => Promise<void>;
        getNotifications: () => Promise<Notification[]>;
      };
      clients: { openWindow: (address: string) => Promise<unknown> };
    };
    let opened: string | undefined;
    scope.clients.openWindow = (address) => Promise.resolve((opened = address));
    await scope.registration.showNotification('News', { data: { threadId: id } });
    const [notification] = await scope.registration.getNotifications();
    const Clicked = (self as unknown as { NotificationEvent: new (type: string, init: object) => Event })
      .NotificationEvent;
    self.dispatchEvent(new Clicked('notificationclick', { notification }));
    const deadline = Date.now() + 3_000;
    while (opened === undefined && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return opened;
  }, threadId);
}

describe('a click on a notification', () => {
  it('leads to the letter in the pages that are open, and opens them at it where none are', async () => {
    const { page, server, url } = story;
    await page.context().grantPermissions(['notifications'], { origin: url });
    const came = server.deliver(
      { name: 'Bob Carver', email: 'bob@beta.test' },
      'From afar',
      'Hello from afar.',
    );
    const worker = await workerOf(page);
    await page.goto(`${url}/#/archive`);
    await page.getByRole('heading', { level: 1, name: 'Archive' }).waitFor();
    expect(await click(worker, came.threadId)).toBeUndefined();
    await letter(page).getByText('Hello from afar.').waitFor();
    await until('the letter’s place is in the address', () =>
      page.url().endsWith(`#/inbox/${came.threadId}`),
    );
    await page.goto('about:blank');
    const opened = await click(worker, came.threadId);
    expect(opened).toBe(`/#/inbox/${came.threadId}`);
    await page.goto(`${url}${opened}`);
    await letter(page).getByText('Hello from afar.').waitFor();
  });
});
