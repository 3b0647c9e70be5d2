/*
 * Tells of new letters while no page is open (RFC 8030, RFC 8291). The browser wakes it with a message of the server;
 * the worker asks the server itself, by the cookie, which letters came. It says nothing that it cannot ask.
 */
const choices = 'facteur-push';
const core = 'urn:ietf:params:jmap:core';
const mail = 'urn:ietf:params:jmap:mail';
const words = {
  en: { one: 'New letter', many: (n) => `${n} new letters`, none: '(no subject)' },
  fr: { one: 'Nouveau message', many: (n) => `${n} nouveaux messages`, none: '(sans objet)' },
};
const tag = 'facteur.news';
const most = 5;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('push', (event) => event.waitUntil(pushed(event.data)));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.threadId));
});

async function pushed(data) {
  let message = {};
  try {
    message = data?.json() ?? {};
  } catch {
    // A message that cannot be read tells only that something came.
  }
  if (message['@type'] === 'PushVerification') return verify(message);
  if (await isLooking()) return;
  const choice = await read('choice');
  const { title, body, threadId } = newsOf(choice, await newest(choice).catch(() => undefined));
  await self.registration.showNotification(title, {
    body,
    tag,
    renotify: true,
    lang: choice?.language ?? 'en',
    icon: '/icon.svg',
    data: { threadId },
  });
}

/** Shows the server that this browser reads its messages (RFC 8620 §7.2.2). */
async function verify({ pushSubscriptionId, verificationCode }) {
  const update = { [pushSubscriptionId]: { verificationCode } };
  await ask([['PushSubscription/set', { update }, '0']]);
}

/** Returns true if a page is in front of the person, who then sees the letters come in. */
async function isLooking() {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return pages.some((page) => page.focused);
}

/** Returns the letters in the inbox that are neither read nor announced yet. */
async function newest(choice) {
  const session = await (await fetch('/jmap/session', { headers: { Accept: 'application/json' } })).json();
  // Another person has logged in since: their letters are not shown to the one who switched notifications on.
  if (choice?.username && choice.username !== session.username) return undefined;
  const accountId = session.primaryAccounts[mail];
  const [inboxes] = await ask([['Mailbox/query', { accountId, filter: { role: 'inbox' } }, '0']]);
  const filter = {
    operator: 'AND',
    conditions: [{ inMailbox: inboxes[1].ids[0] }, { notKeyword: '$seen' }],
  };
  const sort = [{ property: 'receivedAt', isAscending: false }];
  const [, letters] = await ask([
    ['Email/query', { accountId, filter, sort, limit: most }, '0'],
    [
      'Email/get',
      {
        accountId,
        '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' },
        properties: ['from', 'subject', 'threadId', 'preview'],
      },
      '1',
    ],
  ]);
  const told = (await read('told')) ?? [];
  const list = letters[1].list.filter(({ id }) => !told.includes(id));
  await write('told', [...list.map(({ id }) => id), ...told].slice(0, 50));
  return list;
}

/** Returns the title and text of a notification: no more than the person chose to see. */
function newsOf(choice, letters) {
  const say = words[choice?.language] ?? words.en;
  const [first, ...more] = letters ?? [];
  if (!first || choice?.telling === 'number' || choice?.telling === 'nothing')
    return { title: more.length > 0 ? say.many(more.length + 1) : say.one, body: '', threadId: undefined };
  const lines = [first, ...more].map((one) => `${senderOf(one)} – ${one.subject || say.none}`);
  if (more.length > 0) return { title: say.many(more.length + 1), body: lines.slice(0, 3).join('\n') };
  const preview = choice?.telling === 'words' && first.preview ? `\n${first.preview}` : '';
  return { title: senderOf(first), body: (first.subject || say.none) + preview, threadId: first.threadId };
}

function senderOf({ from }) {
  return from?.[0]?.name || from?.[0]?.email || '';
}

async function open(threadId) {
  const address = threadId ? `/#/inbox/${encodeURIComponent(threadId)}` : '/#/inbox';
  const [page] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!page) return self.clients.openWindow(address);
  page.postMessage({ open: address.slice(1) });
  return page.focus();
}

async function ask(methodCalls) {
  const answer = await fetch('/jmap/api', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Facteur': '1' },
    body: JSON.stringify({ using: [core, mail], methodCalls }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).methodResponses;
}

async function read(name) {
  const kept = await (await caches.open(choices)).match(`/push/${name}`);
  return kept?.json();
}

async function write(name, value) {
  await (await caches.open(choices)).put(`/push/${name}`, new Response(JSON.stringify(value)));
}
