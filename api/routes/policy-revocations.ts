import type { Router } from 'express';
import { appendEntry } from '../../audit/append.ts';
import { newEntry, personActor } from '../../domain/entry.ts';
import { CountersignError } from '../../domain/error.ts';
import { isoTime } from '../../domain/time.ts';
import { checked } from '../../operations/checked.ts';
import { findPolicyVersion } from '../../store/find-policy-version.ts';
import { getPolicyRevocation } from '../../store/get-policy-revocation.ts';
import { listCallsUnderWay } from '../../store/list-calls-under-way.ts';
import { lockCallGate } from '../../store/lock-call-gate.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { insertPolicyRevocation } from '../../store/insert-policy-revocation.ts';
import { listPolicyRevocations } from '../../store/list-policy-revocations.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { endRevoked } from '../end-revoked.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { policyRevocationSchema } from '../schemas.ts';
import { shownCall } from '../view.ts';

/** `/v1/policy-revocations`: an admin revokes one version of a policy for good; its open changes end as `refused`. */
export function policyRevocationRoutes(deps: ApiDependencies): Router {
  const { db, namespace, refusals, policies, signer, now = Date.now } = deps;

  /** The policy as a change has pinned it; or as it is loaded, when no change has been submitted under it yet. */
  async function versionOf(digest: string): Promise<{ name: string; version: string } | null> {
    const loaded = policies.current().rules.find(({ policy }) => policy.digest === digest)?.policy;
    if (loaded) return { name: loaded.name, version: loaded.version };
    return findPolicyVersion(db, digest);
  }

  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      const { person } = callerOf(req);
      await recorded(refusals, req, { wanted: { call: 'list revoked policies' } }, () =>
        requireRole(person, 'admin'),
      );
      res.json({ items: await listPolicyRevocations(db) });
    })
    .post(async (req, res) => {
      const { person } = callerOf(req);
      const source = req.ip ?? null;
      const wanted = { call: 'revoke a policy' };
      await recorded(refusals, req, { wanted }, () => requireRole(person, 'admin'));
      const { digest, comment } = checked(policyRevocationSchema, req.body);
      const version = await versionOf(digest);
      if (!version) {
        throw new CountersignError(
          'not_found',
          'no such policy is loaded, and no change was asked for under it',
        );
      }
      const at = isoTime(now());
      const { created, callsUnderWay } = await inTransaction(db, async (client) => {
        // After this commit no call begins under the policy.
        await lockCallGate(client, 'shut');
        const callsUnderWay = (await listCallsUnderWay(client)).filter(
          ({ change }) => change.policy.digest === digest,
        );
        const revocation = { digest, ...version, comment, revokedBy: person, revokedAt: at };
        if (!(await insertPolicyRevocation(client, revocation))) return { created: false, callsUnderWay };
        const place = { namespace, of: `policy-${digest}`, ordinal: 1 };
        const actor = personActor(person);
        const members = { time: at, actor, policy: { ...version, digest }, comment, source };
        await appendEntry(client, signer.write(newEntry(place, { type: 'policy.revoked', ...members })));
        return { created: true, callsUnderWay };
      });
      // The row blocks all calls; when each workflow is told does not matter for that.
      endRevoked(deps).catch((err: unknown) => {
        deps.log.warn({ err: err as Error }, 'changes under a revoked policy will be stopped later');
      });
      const kept = await getPolicyRevocation(db, digest);
      res.status(created ? 201 : 200).json({ ...kept, callsUnderWay: callsUnderWay.map(shownCall) });
    })
    .all(methodNotAllowed('GET', 'POST'));
  return router;
}
