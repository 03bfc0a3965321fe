import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run soak`: the long hammers, not part of `npm test`. SOAK_CHANGES, SOAK_AT_ONCE and SOAK_SEED set their size and luck. */
export default defineConfig({
  test: { ...base.test, include: ['test/soak/*.soak.ts'], testTimeout: 10_800_000 },
});
