import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', '**/node_modules/**'],
    testTimeout: 30_000,
    // Nothing of the user's, and nothing of an earlier run.
    env: { XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), 'sstate-lens-test-cache-')) },
  },
});
