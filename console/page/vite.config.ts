import { defineConfig } from 'vite';

/** How the page is built; scripts/build-console.ts says where to. */
export default defineConfig({
  // Whatever the environment says: what is built is what people get.
  mode: 'production',
  define: { 'process.env.NODE_ENV': '"production"' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: {
    emptyOutDir: true,
    target: 'es2023',
    // Every file is one of its own: the page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
