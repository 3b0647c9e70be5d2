import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type HtmlTagDescriptor, type Plugin, type Rolldown } from 'vite';

// The server that `npm run dev` uses: Facteur itself, or the fake of `npm run fake`.
const server = process.env.FACTEUR_WEB ?? 'http://127.0.0.1:8080';

const served = [
  '/account',
  '/login',
  '/logout',
  '/session',
  '/.well-known',
  '/jmap',
  '/letter',
  '/picture',
  '/remote',
  '/trace',
];

const reader = 'node_modules/pdfjs-dist';
const { version } = JSON.parse(readFileSync(join(reader, 'package.json'), 'utf8')) as { version: string };

/**
 * Provides the files that the reader of PDF requests by names that it makes itself: the characters of languages with
 * many, fonts that need not be in a PDF, and decoders of scanned pictures. A browser fetches one when a PDF needs it.
 */
function besidePdf(): Plugin {
  const wanted = ['cmaps', 'standard_fonts', 'wasm'].flatMap((folder) =>
    readdirSync(join(reader, folder))
      // Browsers that show the pages have WebAssembly.
      .filter((name) => name !== 'openjpeg_nowasm_fallback.js')
      .map((name) => `${folder}/${name}`),
  );
  return {
    name: 'beside-pdf',
    apply: 'build',
    generateBundle() {
      for (const name of wanted) {
        const source = readFileSync(join(reader, name));
        this.emitFile({ type: 'asset', fileName: `assets/pdf-${version}/${name}`, source });
      }
    },
  };
}

/**
 * Names everything that `begin` needs in the page, so that the browser fetches it beside the entry. The entry only
 * chooses the language and starts `begin`.
 */
function namesBeginning(): Plugin {
  return {
    name: 'names-beginning',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((file) => file.type === 'chunk');
        const begin = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith('/src/begin.ts')));
        if (!begin) throw new Error('nothing begins the pages');
        const needed = neededBy(begin, chunks);
        const scripts = needed.map(({ fileName }) => link('modulepreload', fileName));
        const styles = needed.flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]);
        const tags = [...scripts, ...styles.map((name) => link('stylesheet', name))];
        return tags.filter(({ attrs }) => !html.includes(`"${String(attrs?.['href'])}"`));
      },
    },
  };
}

/** Returns the imports of a chunk, each before the chunks that need it, and the chunk itself at the end. */
function neededBy(chunk: Rolldown.OutputChunk, chunks: Rolldown.OutputChunk[]): Rolldown.OutputChunk[] {
  const needed = new Set<Rolldown.OutputChunk>();
  const visit = (one: Rolldown.OutputChunk | undefined, above: readonly unknown[]) => {
    if (!one || above.includes(one)) return;
    for (const name of one.imports)
      visit(
        chunks.find(({ fileName }) => fileName === name),
        [...above, one],
      );
    needed.add(one);
  };
  visit(chunk, []);
  return [...needed];
}

function link(rel: string, name: string): HtmlTagDescriptor {
  return { tag: 'link', attrs: { rel, crossorigin: true, href: `/${name}` }, injectTo: 'head' };
}

export default defineConfig({
  plugins: [svelte({ emitCss: true }), besidePdf(), namesBeginning()],
  build: {
    target: 'es2022',
    // The policy of the pages forbids data: URLs for scripts and styles; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The code that chooses the language runs before the rest is there, and needs nothing of it.
            { name: 'entry', test: /i18n\/(texts|plural)|store\/local|preload-helper/, priority: 2 },
            // The chunk contains everything that it needs: one file is smaller than many, and is there sooner.
            { name: 'begin', test: /src\/begin\.ts$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target: server }])) },
});
