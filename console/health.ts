import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Router } from 'express';
import { methodNotAllowed } from '../api/problem.ts';
import { exactRouter } from '../api/router.ts';
import type { ConsoleDependencies } from './dependencies.ts';

const withinMs = 3000;

/** `/healthz` and `/readyz`, for the platform: under any name of the host, without a session. */
export function healthRoutes({ page, apiUrl, provider, databaseAnswers }: ConsoleDependencies): Router {
  const router = exactRouter();
  router.get('/healthz', (_req, res) => res.json({ status: 'ok' }));
  router.get('/readyz', async (_req, res) => {
    const [postgres, isBuilt, api, identity] = await Promise.all([
      databaseAnswers(),
      isTrue(access(join(page, 'index.html'))),
      isTrue(answers(`${apiUrl.replace(/\/+$/, '')}/healthz`)),
      provider.reachable(),
    ]);
    // The other two are reported: without them the page can still say what is missing.
    const ready = postgres && isBuilt;
    const parts = { postgres, page: isBuilt, api, identity };
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', ...parts });
  });
  router.all(['/healthz', '/readyz'], methodNotAllowed('GET'));
  return router;
}

async function answers(url: string): Promise<void> {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
  if (!ok) throw new Error(`${url} is not well`);
}

function isTrue(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
