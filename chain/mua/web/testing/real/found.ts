import type { Page } from 'puppeteer-core';

/** Finds the letters of an account for a test, and waits until one of them is there. */

export interface Found {
  id: string;
  threadId: string;
}

/** Returns the letters of the account, by subject, as the pages ask for them. */
export async function letterIds(page: Page): Promise<Map<string, Found>> {
  const list = await page.evaluate(async () => {
    const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
    const session = (await (await fetch('/.well-known/jmap')).json()) as {
      apiUrl: string;
      primaryAccounts: Record<string, string>;
    };
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const query = ['Email/query', { accountId, limit: 500 }, 'q'];
    const ids = { resultOf: 'q', name: 'Email/query', path: '/ids' };
    const get = ['Email/get', { accountId, '#ids': ids, properties: ['id', 'threadId', 'subject'] }, 'g'];
    const answer = await fetch(new URL(session.apiUrl).pathname, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Facteur': '1' },
      body: JSON.stringify({ using, methodCalls: [query, get] }),
    });
    const { methodResponses } = (await answer.json()) as {
      methodResponses: [string, { list: { id: string; threadId: string; subject: string | null }[] }][];
    };
    return methodResponses[1]?.[1].list ?? [];
  });
  return new Map(list.map(({ id, threadId, subject }) => [subject ?? '', { id, threadId }]));
}

/** Runs in the page: returns true if the letter is there and has its height. */
export function isLaidOut(): boolean {
  const letter = document.querySelector<HTMLIFrameElement>('article.open iframe')?.contentDocument;
  return (
    letter?.readyState === 'complete' &&
    letter.URL.includes('/view?') &&
    letter.documentElement.style.length > 0
  );
}
