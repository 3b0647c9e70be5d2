import { defineConfig } from 'vitest/config';

// Journeys through the program itself, as `facteur demo` starts it: its ports are fixed, so one after the other.
export default defineConfig({
  test: {
    include: ['testing/real/**/*.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 180_000,
    // The stories of one conversation build upon each other.
    bail: 1,
  },
});
