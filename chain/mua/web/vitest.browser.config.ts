import { defineConfig } from 'vitest/config';

// Journeys through the built pages in Chromium, one after the other: they share one browser.
export default defineConfig({
  test: {
    include: ['testing/journeys/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A browser on a busy machine may miss a frame; a broken test fails twice.
    retry: 1,
  },
});
