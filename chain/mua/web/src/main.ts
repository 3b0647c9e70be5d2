import { load, wantedOf } from './i18n/texts';

/** The words that are shown if the pages do not come, and with them no text in any language. */
const sorry: readonly [string, string][] = [
  ['en', 'The pages could not be loaded. Check your connection, then load them again.'],
  ['fr', 'Les pages n’ont pas pu être chargées. Vérifiez votre connexion, puis rechargez-les.'],
];

// The texts and the pages are loaded together. If the texts do not come, `begin` looks for others.
load(wantedOf(navigator.languages)).catch(() => undefined);
import('./begin').then(({ begin }) => begin()).catch(saySorry);

function saySorry(): void {
  const main = document.createElement('main');
  main.className = 'plain';
  main.append(
    ...sorry.map(([lang, text]) => Object.assign(document.createElement('p'), { lang, textContent: text })),
  );
  document.getElementById('app')?.replaceChildren(main);
}
