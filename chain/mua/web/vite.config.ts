import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

// Where `npm run dev` finds the server: Facteur itself, or the fake of `npm run fake`.
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
 * What the reader of PDF asks for beside itself, under names that it makes itself: characters of languages with many,
 * fonts that need not be in a PDF, and decoders of scanned pictures. A browser fetches one when a PDF needs it.
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

export default defineConfig({
  plugins: [svelte({ emitCss: true }), besidePdf()],
  build: {
    target: 'es2022',
    // The policy of the pages allows no data: URL for scripts and styles; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target: server }])) },
});
