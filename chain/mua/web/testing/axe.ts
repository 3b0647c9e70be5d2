import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Returns the findings of axe about the page as it is now, one line a finding. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // A stranger wrote the letter in the frame, so it is not ours to judge.
  const violations = await page.evaluate(async () => {
    const { axe: there } = window as unknown as { axe: typeof axe };
    const found = await there.run(document, { iframes: false, resultTypes: ['violations'] });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 200)}`),
    );
  });
  return violations;
}
