import { mkdirSync } from 'node:fs';
import { launch, type Look } from '../browser';
import { door, startDemo } from '../real/demo';
import { Person } from '../real/person';
import { deliver } from '../real/smtp';
import { realPost } from './index';

// npx tsx testing/post/look.ts [desktop,phone-fr,…] [NAME…]: takes screenshots of the letters as the program itself
// shows them, for a person to look at, in screenshots/post/.

const sizes: Record<string, Look> = {
  desktop: { width: 1440, height: 900 },
  laptop: { width: 1366, height: 600 },
  phone: { width: 390, height: 844, touch: true },
};

const [looks = 'desktop', ...names] = process.argv.slice(2);
const demo = await startDemo();
const browser = await launch();
mkdirSync('screenshots/post', { recursive: true });

const [alice] = demo.alpha.people;
const post = realPost({ to: alice?.address ?? '', now: new Date() });
for (const { octets } of post)
  await deliver(door(demo.alpha, 'smtp'), 'post@mail.test', alice?.address ?? '', octets);

for (const job of looks.split(',')) {
  const [size = 'desktop', ...options] = job.split('-');
  const look = { ...sizes[size], dark: options.includes('dark'), french: options.includes('fr') };
  const person = await Person.sitDown(browser, demo.alpha, look);
  await person.logIn();
  await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
  await person.page.screenshot({ path: `screenshots/post/${job}.png` });
  for (const { thread, name } of await conversations(person)) await picture(person, job, thread, name);
  for (const problem of person.problems) console.log(job, problem);
  await person.context.close();
}
await browser.close();
await demo.stop();

/** Returns the conversation of each letter: the newest comes first, as in the list. */
async function conversations(person: Person): Promise<{ thread: string; name: string }[]> {
  const newest = post.map(({ name }) => name).reverse();
  const threads = await person.page.evaluate(async () => {
    const session = (await (await fetch('/jmap/session')).json()) as {
      primaryAccounts: Record<string, string>;
    };
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const sort = [{ property: 'sentAt', isAscending: false }];
    const found = { resultOf: 'q', name: 'Email/query', path: '/ids' };
    const response = await fetch('/jmap/api', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Facteur': '1' },
      body: JSON.stringify({
        using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
        methodCalls: [
          ['Email/query', { accountId, sort, limit: 500 }, 'q'],
          ['Email/get', { accountId, '#ids': found, properties: ['threadId'] }, 'g'],
        ],
      }),
    });
    const { methodResponses } = (await response.json()) as {
      methodResponses: [string, { list: { threadId: string }[] }, string][];
    };
    return (methodResponses[1]?.[1].list ?? []).map(({ threadId }) => threadId);
  });
  const seen = new Set<string>();
  return threads
    .map((thread, index) => ({ thread, name: newest[index] ?? thread }))
    .filter(
      ({ thread, name }) =>
        (names.length === 0 || names.includes(name)) && !seen.has(thread) && seen.add(thread),
    );
}

async function picture(person: Person, job: string, thread: string, name: string): Promise<void> {
  await person.page.goto(`${person.office.web.split('#')[0]}#/inbox/${thread}`);
  const opened = person.page.getByRole('article').first().waitFor({ timeout: 10_000 });
  await opened.catch(() => console.log(job, name, 'did not open'));
  await person.page.waitForTimeout(700);
  await person.page.screenshot({ path: `screenshots/post/${job}-${name}.png` });
}
