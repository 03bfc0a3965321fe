import type { Router } from 'express';
import { endTypes, gateNexus, gateWorkflowType, openedUpdateName } from '../../domain/gate.ts';
import { defaultInstallation, taskQueuesOf } from '../../domain/installation.ts';
import { describeOperations } from '../../operations/describe.ts';
import { gateSchemas } from '../../operations/gate-contract.ts';
import type { ContractAnswer } from '../answer-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';

/** `GET /v1/contract`: how workflows in any language ask for an approval, and what for. */
export function contractRoutes({
  namespace,
  installation = defaultInstallation,
  nexusEndpoint,
  operations,
}: ApiDependencies): Router {
  const contract: ContractAnswer = {
    version: 1,
    namespace,
    taskQueue: taskQueuesOf(installation).changes,
    workflowType: gateWorkflowType,
    openedUpdate: openedUpdateName,
    nexus: nexusEndpoint === undefined ? null : { endpoint: nexusEndpoint, ...gateNexus },
    schemas: gateSchemas(),
    endTypes: [...endTypes],
    operations: describeOperations(operations),
  };
  const router = exactRouter();
  router
    .route('/')
    .get((_req, res) => {
      res.json(contract);
    })
    .all(methodNotAllowed('GET'));
  return router;
}
