/** Returns a test for the numbers that a language counts as one: in French, zero is one of them. */
export function isOneIn(language: string): (n: number) => boolean {
  const rules = new Intl.PluralRules(language);
  return (n) => rules.select(n) === 'one';
}
