import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The state is tested without a page: runes as the browser runs them, but no DOM.
export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ['browser'] },
  test: {
    include: ['src/**/*.test.ts', 'testing/fake/**/*.test.ts'],
    environment: 'node',
    // A busy machine takes its time for the mailboxes of many thousand letters.
    testTimeout: 60_000,
  },
});
