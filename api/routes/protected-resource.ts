import type { Request, Router } from 'express';
import type { ApiDependencies } from '../dependencies.ts';
import { methodNotAllowed } from '../problem.ts';
import { resourceMetadataPath, resourceOf } from '../resource.ts';
import { exactRouter } from '../router.ts';

/** Whose tokens this API takes (RFC 9728), so that a client that knows its address alone can log in. */
export function protectedResourceRoutes({ issuer }: ApiDependencies): Router {
  const router = exactRouter();
  router.get(resourceMetadataPath, (req: Request, res) =>
    res.json({
      resource: resourceOf(req) ?? '',
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      resource_name: 'Countersign',
    }),
  );
  router.all(resourceMetadataPath, methodNotAllowed('GET'));
  return router;
}
