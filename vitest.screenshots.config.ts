import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run screenshots`: the pictures of README.md, taken of the real thing; not part of `npm test`. */
export default defineConfig({
  test: { ...base.test, include: ['test/console/page/screenshots.ts'] },
});
