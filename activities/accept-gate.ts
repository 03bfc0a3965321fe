import { randomUUID } from 'node:crypto';
import { CountersignError } from '../domain/error.ts';
import { gateWorkflowType } from '../domain/gate.ts';
import type { Host } from '../domain/host.ts';
import { changeIdOfHostKey } from '../domain/host-key.ts';
import type { JsonObject } from '../domain/json.ts';
import { readGateRequest } from '../operations/gate-request.ts';
import type { GateAccepted, LogActivities } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { unreadableIn } from '../domain/unreadable.ts';
import { asFailure } from './failure.ts';
import { encodingOfRequest, hostKey, keyedHost } from './host.ts';
import type { Asking } from './host.ts';
import { refusedOr } from './refused-or.ts';

/**
 * Makes what a host in any language asks for a host's request, as `requireApproval` makes it in a TypeScript host.
 *
 * @param allowed - the host that asks, by a workflow of ours of a type; it throws where it may not ask
 */
export function makeGateAcceptance(
  deps: Pick<ActivityDependencies, 'operations' | 'alarm'>,
  allowed: (type: string) => Promise<Asking>,
): LogActivities['acceptGate'] {
  return async ({ sent }) => {
    const isUnreadable = sent.some((each) => unreadableIn(each) !== null);
    const answerIn = isUnreadable ? plainEncoding : await asFailure(encodingOfRequest);
    const accepted = await refusedOr(deps, async (): Promise<GateAccepted> => {
      const asked = readGateRequest(deps.operations, sent);
      const { host, byNexus } = await allowed(gateWorkflowType);
      if (byNexus && asked.openedSignal != null) throw noSignal();
      const { operation, operationVersion, input, requester, justification, ticket } = asked;
      const key = asked.key ?? null;
      return {
        kind: 'accepted',
        request: {
          id: await changeIdFor(host, key),
          operation,
          operationVersion: operationVersion ?? null,
          input: input as JsonObject,
          requester,
          justification,
          ticket: ticket ? { ...ticket, url: ticket.url ?? null } : null,
          decideWithinMs: asked.decideWithinMs ?? null,
          executeWithinMs: asked.executeWithinMs ?? null,
          key,
          tellsOpened: true,
          submission: null,
        },
        onCancel: asked.onCancel ?? 'withdraw',
        openedSignal: asked.openedSignal ?? null,
      };
    });
    return { ...accepted, answerIn };
  };
}

async function changeIdFor(host: Host, key: string | null): Promise<string> {
  return key === null ? randomUUID() : changeIdOfHostKey(hostKey(await keyedHost(host), key));
}

function noSignal(): CountersignError {
  const message = 'a Nexus operation cannot signal its caller: ask the operation opened instead';
  return new CountersignError('invalid_request', `openedSignal: ${message}`, {
    errors: [{ field: 'openedSignal', rule: 'one_of', message }],
  });
}
