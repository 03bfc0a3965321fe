import type { Router } from 'express';
import { checked } from '../../operations/checked.ts';
import type { AuditReading } from '../audit-reading.ts';
import { makeDecodePayloads } from '../decode-payloads.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { payloadsSchema } from '../payload-schemas.ts';
import { methodNotAllowed } from '../problem.ts';
import { exactRouter } from '../router.ts';

/** `POST /v1/payloads/decode`: what Temporal's web UI and command line ask a codec server for. It never encodes. */
export function payloadRoutes(deps: ApiDependencies, reading: AuditReading): Router {
  const decode = makeDecodePayloads(deps, reading);
  const router = exactRouter();
  router
    .route('/')
    .post(async (req, res) => {
      const { payloads } = checked(payloadsSchema, req.body as unknown);
      res.json({ payloads: await decode(req, payloads) });
    })
    .all(methodNotAllowed('POST'));
  return router;
}
