import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

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

export default defineConfig({
  plugins: [svelte({ emitCss: true })],
  build: {
    target: 'es2022',
    // The policy of the pages allows no data: URL for scripts and styles; small files stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target: server }])) },
});
