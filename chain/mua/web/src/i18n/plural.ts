/** Whether a language counts so many as one: in French, none is one, too. */
export function isOneIn(language: string): (n: number) => boolean {
  const rules = new Intl.PluralRules(language);
  return (n) => rules.select(n) === 'one';
}
