import type { CDPSession } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { tell, until } from './stories';

const story = tell({ letters: 30 });

/** Stands in for the push service of a browser, which one without its maker's servers does not have. */
function withoutService(): void {
  const made = {
    endpoint: 'https://push.test/secret',
    toJSON: () => ({ endpoint: 'https://push.test/secret', keys: { p256dh: 'key', auth: 'auth' } }),
    unsubscribe: () => {
      localStorage.removeItem('test.subscribed');
      return Promise.resolve(true);
    },
  } as unknown as PushSubscription;
  PushManager.prototype.subscribe = (options) => {
    localStorage.setItem(
      'test.subscribed',
      String(new Uint8Array(options?.applicationServerKey as ArrayBuffer).length),
    );
    return Promise.resolve(made);
  };
  PushManager.prototype.getSubscription = () =>
    Promise.resolve(localStorage.getItem('test.subscribed') ? made : null);
}

describe('notifications while the pages are closed', () => {
  it('are asked for by a click, tell of a new letter, and end at both ends', async () => {
    const { page, server, url } = story;
    const { mail } = server;
    await page.context().grantPermissions(['notifications'], { origin: url });
    await page.addInitScript(withoutService);
    await page.reload();
    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    expect(await page.evaluate(() => navigator.serviceWorker.getRegistration('/'))).toBeUndefined();
    await page.getByRole('button', { name: 'Notify me of new letters' }).click();
    await page.getByRole('button', { name: 'Stop notifying this browser' }).waitFor();
    const [[id, made] = ['', {}]] = [...mail.pushes];
    expect(made).toMatchObject({ url: 'https://push.test/secret', types: ['EmailDelivery'] });
    // An uncompressed point of P-256.
    expect(await page.evaluate(() => localStorage.getItem('test.subscribed'))).toBe('65');

    const cdp = await page.context().newCDPSession(page);
    const deliver = await deliverer(cdp, url);
    await deliver({ '@type': 'PushVerification', pushSubscriptionId: id, verificationCode: 'c0de' });
    await until('the worker has shown the code', () => mail.pushes.get(id)?.['verificationCode'] === 'c0de');

    for (const letter of mail.letters.values()) letter.keywords.add('$seen');
    const came = server.deliver({ name: 'Bob Carver', email: 'bob@beta.test' }, 'From afar', 'Hello');
    await page.keyboard.press('Escape');
    await page.goto('about:blank');
    await deliver({ '@type': 'StateChange', changed: { a1: { EmailDelivery: '7' } } });
    await page.goto(url);
    const told = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration('/');
        const shown = (await registration?.getNotifications()) ?? [];
        return shown.map(({ title, body, data }) => ({ title, body, data: data as unknown }));
      });
    await until('it is told of', async () => (await told()).length === 1);
    expect(await told()).toEqual([
      { title: 'Bob Carver', body: 'From afar', data: { threadId: came.threadId } },
    ]);

    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Stop notifying this browser' }).click();
    await until('both ends have forgotten it', () => mail.pushes.size === 0);
    expect(await page.evaluate(() => localStorage.getItem('test.subscribed'))).toBeNull();
  });
});

/** Hands the worker the messages of a push service. */
async function deliverer(cdp: CDPSession, origin: string): Promise<(message: unknown) => Promise<void>> {
  const found = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
      if (ours) resolve(ours.registrationId);
    });
  });
  await cdp.send('ServiceWorker.enable');
  const registrationId = await found;
  return async (message) => {
    const data = JSON.stringify(message);
    await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  };
}
