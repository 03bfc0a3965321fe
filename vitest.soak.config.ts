import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run soak`: the long hammers, not part of `npm test`. SOAK_CHANGES and SOAK_SEED set their size and luck. */
export default defineConfig({
  test: { ...base.test, include: ['test/soak/*.soak.ts'], testTimeout: 3_600_000 },
});
