import express from 'express';
import type { RequestHandler } from 'express';
import { allowOrigin, temporalUiHeaders } from '../api/cors.ts';
import { methodNotAllowed } from '../api/problem.ts';
import { exactRouter } from '../api/router.ts';
import { CountersignError } from '../domain/error.ts';
import { cookiesIn, cookiesOf } from './cookies.ts';
import type { ConsoleDependencies } from './dependencies.ts';
import { askApi, copyHead } from './forward.ts';
import { over } from './sessions.ts';

/** As the API has it. */
const bodyLimit = '4mb';

/**
 * `/codec`: the codec server of Temporal's web UI, for people who are logged in to the console. The UI's page sends their cookie
 * along, which browsers do between origins of one site alone.
 */
export function codecRoutes(deps: ConsoleDependencies): RequestHandler {
  const { url, sessions, temporalUi = null, onForwarded } = deps;
  const cookies = cookiesOf(url);
  const router = exactRouter();
  router.use(allowOrigin(temporalUi, temporalUiHeaders, { credentials: true }), (req, _res, next) => {
    if (temporalUi !== null && req.headers.origin === temporalUi) next();
    else throw new CountersignError('forbidden', 'Origin: expected that of Temporal’s web UI');
  });
  router
    .route('/decode')
    .post(express.raw({ type: 'application/json', limit: bodyLimit }), async (req, res) => {
      if (!Buffer.isBuffer(req.body))
        throw new CountersignError('unsupported_media_type', 'the body must be application/json');
      const leaving = new AbortController();
      res.once('close', () => leaving.abort());
      // Another page's questions keep no session alive.
      const session = await sessions.find(cookiesIn(req.headers.cookie).get(cookies.session), false);
      if (session === null) throw over();
      const answer = await askApi(deps, req, '/v1/payloads/decode', session, leaving.signal);
      onForwarded?.(answer.status);
      const body = Buffer.from(await answer.arrayBuffer());
      copyHead(answer, res);
      res.end(body);
    })
    .all(methodNotAllowed('POST'));
  return router;
}
