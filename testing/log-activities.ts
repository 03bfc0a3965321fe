import { activityInfo, getClient } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { makeHostAcceptance } from '../activities/accept-host.ts';
import { makeAcceptance } from '../activities/accept-request.ts';
import type { Applied, LogActivities, OpenedResult, Opening } from '../activities/contract.ts';
import { asFailure } from '../activities/failure.ts';
import { endWithHost } from '../activities/host-end.ts';
import { firstEntryOf, refusalOfFirstEntry, refusalOfRequest } from '../activities/refusal-of-request.ts';
import { requestFault } from '../activities/request-fault.ts';
import { assertSigned, changeWorkflow, currentWorkflow, statementsIn } from '../activities/write-events.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import { askAgainMs } from '../domain/block.ts';
import { requestedEvent } from '../domain/change-event.ts';
import type { Requested } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import { newChange } from '../domain/evolve.ts';
import type { KitParts } from './kit-parts.ts';

/** The activities on a service's Postgres, on memory instead: the same rules decide. */
export function makeLogActivities(parts: KitParts): LogActivities {
  const { changes, rules, operations, policies, verifyStatement, linkOf, clock } = parts;
  const deps = { operations, policies, linkOf, hosts: [{ namespace: '*', type: '*' }] };
  const hosts = makeHostAcceptance(deps, changes);
  const acceptance = makeAcceptance(deps, hosts);
  async function openChange(opening: Opening): Promise<OpenedResult> {
    const { request, host, ordinal } = opening;
    const fault = requestFault(operations, request);
    if (fault?.code === 'invalid_request') return { kind: 'invalid', message: fault.message };
    const writer = currentWorkflow();
    const wrong = refusalOfRequest({ operations, verifyStatement, region: null }, request, writer);
    if (wrong !== null) return wrong;
    const { id: changeId, target } = request;
    if (changes.all.has(changeId)) return { kind: 'opened', changeId };
    const refused = await acceptance.refusalOf(opening, fault);
    if (refused !== null) return refused;
    const holder = changes.holder(target.id);
    if (holder !== null) return { kind: 'target_taken', changeId: holder };
    const tooLong = refusalOfFirstEntry(firstEntryOf(opening, writer));
    if (tooLong !== null) return tooLong;
    changes.begin(newChange(request), { ordinal, event: requestedEvent(request, host) }, writer.runId);
    return { kind: 'opened', changeId };
  }

  return {
    ...hosts.activities,

    openChange,

    openHosted: hosts.opener({
      openedBefore: (id) => Promise.resolve(changes.openedBy(id, currentWorkflow().runId)),
      open: openChange,
      read: () => Promise.resolve(null),
      async endWithHost(id) {
        const [requested] = changes.get(id).events;
        return await endWithHost(getClient(), activityInfo().namespace, requested as Requested);
      },
    }),

    async record({ changeId, events }) {
      assertSigned(changeId, statementsIn(events), verifyStatement);
      changeWorkflow(changeId);
      await asFailure(() => {
        const kept = changes.get(changeId);
        if (!changes.isWritten(kept, events[0])) changes.move(kept, events);
        return Promise.resolve();
      });
    },

    async applyInStore({ changeId, command, now, ordinals }) {
      if (command.kind === 'request') assertSigned(changeId, [command.request.signed], verifyStatement);
      changeWorkflow(changeId);
      return await asFailure<Applied>(() => {
        const kept = changes.get(changeId);
        // A repeat says what was said before.
        const before = Object.entries(ordinals).filter(([type, at]) => kept.written.has(`${type}/${at}`));
        if (before.length > 0) {
          const types = before.map(([type]) => type);
          const events = types.flatMap((one) => kept.events.findLast(({ type }) => type === one) ?? []);
          return Promise.resolve({ events });
        }
        const verdict = decide(kept.change, command, { now, called: kept.attempts.some(mayHaveBeenSent) });
        if ('refusal' in verdict) {
          const { code, message } = verdict.refusal;
          return Promise.resolve({ refusal: { code, message } });
        }
        const { events } = verdict;
        changes.move(
          kept,
          events.map((event) => ({ event, ordinal: ordinals[event.type] ?? 1 })),
        );
        return Promise.resolve({ events });
      });
    },

    async gate({ changeId }) {
      const kept = changes.get(changeId);
      const now = await clock();
      const why = await rules.block(kept.change, now);
      if (why === null) {
        kept.heldBy = null;
        return;
      }
      const message = `${why.kind}: ${why.reason}`;
      kept.heldBy = message;
      throw ApplicationFailure.create({
        type: 'blocked',
        message,
        details: [why],
        nextRetryDelay: askAgainMs(why, now),
      });
    },

    async closeChange({ changeId, events }) {
      changeWorkflow(changeId);
      return await asFailure(() => {
        const kept = changes.get(changeId);
        const closed = kept.events.find(({ type }) => type === 'change.closed') ?? null;
        if (closed === null) changes.move(kept, events);
        return Promise.resolve(closed);
      });
    },
  };
}
