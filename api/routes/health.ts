import type { Router } from 'express';
import { readUnsealed } from '../../audit/unsealed.ts';
import { touchReadiness } from '../../store/touch-readiness.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';

/** `/healthz`, `/readyz`, `/metrics`: for the platform, without a token. */
export function healthRoutes({ db, engine, metrics }: ApiDependencies): Router {
  const writable = makeWritable(db);
  const router = exactRouter();
  router.get('/healthz', (_req, res) => res.json({ status: 'ok' }));
  router.get('/readyz', async (_req, res) => {
    const [postgres, log, temporal, unsealed] = await Promise.all([
      answers(() => db.query('select 1')),
      writable(),
      engine.reachable(),
      // Reported, and no reason to be unready: people can still submit, decide and read while calls wait for the log.
      readUnsealed(db).catch(() => null),
    ]);
    const ready = postgres && log && temporal;
    res
      .status(ready ? 200 : 503)
      .json({ status: ready ? 'ready' : 'not ready', postgres, temporal, log, unsealed });
  });
  router.get('/metrics', async (_req, res) => {
    if (metrics === null) return void res.status(404).end();
    res.type('text/plain; version=0.0.4').send(await metrics());
  });
  router.all(['/healthz', '/readyz', '/metrics'], methodNotAllowed('GET'));
  return router;
}

/** Whether the log can be read and written: one write a second at most, however many ask. */
function makeWritable(db: ApiDependencies['db']): () => Promise<boolean> {
  let last: { readonly at: number; readonly answer: Promise<boolean> } | null = null;
  return () => {
    if (last === null || performance.now() - last.at >= 1000) {
      const answer = answers(async () => {
        await db.query('select 1 from audit.entry limit 1');
        await touchReadiness(db);
      });
      last = { at: performance.now(), answer };
    }
    return last.answer;
  };
}

async function answers(question: () => Promise<unknown>): Promise<boolean> {
  return question().then(
    () => true,
    () => false,
  );
}
