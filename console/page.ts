import { join } from 'node:path';
import express from 'express';
import type { Router } from 'express';
import { exactRouter } from '../api/router.ts';
import { methodNotAllowed, notFound } from '../api/problem.ts';

/**
 * The page: files of a folder, and for every other address its shell, which knows what to show there. Files under `/assets/` have
 * a hash of their content in their names and never change.
 *
 * @param folder - as the build of the page has made it
 */
export function pageRoutes(folder: string): Router {
  const router = exactRouter();
  const files = { index: false, redirect: false } as const;
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { ...files, immutable: true, maxAge: '365d' }),
  );
  // A shell of before an upgrade may ask for what is gone; a page in its place would be taken for a script.
  router.use('/assets', notFound);
  router.use(express.static(folder, { ...files, cacheControl: false, setHeaders: revalidated }));
  router
    .route('/{*path}')
    .get((_req, res) => {
      const sent = { root: folder, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } };
      res.sendFile('index.html', sent, (error) => {
        if (error === undefined || res.headersSent) return;
        const why =
          'The console’s page has not been built. Build it with "npm run build", or name its folder by CONSOLE_PAGE.\n';
        res.status(503).type('text/plain; charset=utf-8').send(why);
      });
    })
    .all(methodNotAllowed('GET'));
  return router;
}

function revalidated(res: { setHeader(name: string, value: string): void }): void {
  res.setHeader('Cache-Control', 'no-cache');
}
