import { activityInfo, getClient } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { appendEntries } from '../audit/append.ts';
import type { Change } from '../domain/change.ts';
import { askAgainMs } from '../domain/block.ts';
import { newChange } from '../domain/evolve.ts';
import { getChange } from '../store/get-change.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { openChange } from '../store/open-change.ts';
import { makeHostAcceptance } from './accept-host.ts';
import { makeAcceptance } from './accept-request.ts';
import { applyInStore } from './apply-in-store.ts';
import { assertPolicy } from './assert-policy.ts';
import { stopOf } from './begin-call.ts';
import type { LogActivities, NumberedEvent, OpenedResult, Opening } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { asFailure } from './failure.ts';
import { keptIn } from './kept-changes.ts';
import { readLoggedChange } from './logged-change.ts';
import { obstacleTo } from './obstacle.ts';
import { endWithHost } from './host-end.ts';
import { openedByThisRun, openingOf } from './opening-run.ts';
import { pinPolicy } from './pin-policy.ts';
import { makeReadAtOnce } from './read-at-once.ts';
import { firstEntryOf, refusalOfFirstEntry, refusalOfRequest } from './refusal-of-request.ts';
import { requestFault } from './request-fault.ts';
import { makeTellingGate } from './telling-gate.ts';
import { makeTicketCheck } from './ticket-check.ts';
import { writeEnd } from './write-end.ts';
import {
  areWritten,
  assertSigned,
  changeWorkflow,
  currentWorkflow,
  keyOf,
  lockedChange,
  statementsIn,
  writeEvents,
} from './write-events.ts';

/** The activities on Postgres alone. Each is one transaction: its entries and the change as they make it, or nothing. */
export function makeLogActivities(deps: ActivityDependencies): LogActivities {
  const { pool, operations, verifyStatement, gateLongestMs, now = Date.now } = deps;
  const gate = makeTellingGate(deps);
  const tickets = makeTicketCheck(deps);
  const hosts = makeHostAcceptance(deps, keptIn(pool));
  const acceptance = makeAcceptance(deps, hosts);

  /** See `openChange`. @param refusalOf - what is against the request beside what the log and Postgres have */
  async function open(opening: Opening, refusalOf: typeof acceptance.refusalOf): Promise<OpenedResult> {
    const { request, ordinal } = opening;
    const fault = requestFault(operations, request);
    if (fault?.code === 'invalid_request') return { kind: 'invalid', message: fault.message };
    const writer = currentWorkflow();
    const wrong = refusalOfRequest(deps, request, writer);
    if (wrong !== null) return wrong;
    const change = newChange(request);
    const obstacle =
      (await refusalOf(opening, fault)) ??
      (await asFailure(() => obstacleTo(deps, change, request.submission)));
    // A repeat of what was committed before: what came in its way since ends it in other ways.
    if (obstacle && !(await asFailure(() => getChange(pool, change.id)))) return obstacle;
    const entry = {
      key: keyOf(writer, change.id, 'change.requested', ordinal),
      body: firstEntryOf(opening, writer),
    };
    const tooLong = refusalOfFirstEntry(entry.body);
    if (tooLong !== null) return tooLong;
    const result = await asFailure(() =>
      inTransaction(pool, async (client) => {
        const opened = await openChange(client, { change, idempotency: request.idempotency });
        if (opened.kind !== 'opened') return opened;
        await pinPolicy(client, change.policy, change.submittedAt);
        await appendEntries(client, [entry]);
        return opened;
      }),
    );
    return result.kind === 'opened' ? { kind: 'opened', changeId: change.id } : result;
  }

  return {
    ...hosts.activities,

    openChange: (opening) => open(opening, acceptance.refusalOf),

    openHosted: hosts.opener({
      openedBefore: (changeId) => openedByThisRun(pool, changeId),
      open: (opening) => open(opening, acceptance.refusalOfChecked),
      read: makeReadAtOnce(deps),
      async endWithHost(changeId) {
        const opening = await asFailure(() => openingOf(pool, changeId));
        return (
          opening !== null && (await endWithHost(getClient(), activityInfo().namespace, opening.requested))
        );
      },
    }),

    async record({ changeId, events }) {
      const writer = changeWorkflow(changeId);
      const change = await asFailure(() =>
        inTransaction(pool, async (client) => {
          // First: a worker of another installation has other keys, and must not end what it does not know.
          const kept = await lockedChange(client, changeId);
          assertSigned(changeId, statementsIn(events), verifyStatement);
          assertPolicy(deps, kept);
          if (await areWritten(client, writer, changeId, events)) return null;
          return await writeEvents(client, kept, events, writer);
        }),
      );
      if (change) tellDecisions(change, events);
    },

    async applyInStore(input) {
      const writer = changeWorkflow(input.changeId);
      return await asFailure(() => applyInStore(deps, input, writer));
    },

    async gate({ changeId }) {
      const time = now();
      const change = await asFailure(() => getChange(pool, changeId));
      if (change === null) {
        // Says what is missing.
        await asFailure(() => readLoggedChange(pool, changeId));
        return;
      }
      const why = (await gate(change, time)) ?? (await asFailure(() => tickets.hold(change)));
      if (why === null || (await asFailure(() => stopOf(pool, changeId))) !== null) return;
      throw ApplicationFailure.create({
        type: 'blocked',
        message: `${why.kind}: ${why.reason}`,
        details: [why],
        nextRetryDelay: askAgainMs(why, time, gateLongestMs),
      });
    },

    async closeChange({ changeId, events }) {
      const writer = changeWorkflow(changeId);
      return await asFailure(() => writeEnd(pool, changeId, writer, () => events));
    },
  };

  /** How long the change waited for the decisions that were just recorded. */
  function tellDecisions({ submittedAt }: Change, events: readonly NumberedEvent[]): void {
    for (const { event } of events) {
      if (event.type !== 'decision.approved' && event.type !== 'decision.rejected') continue;
      const decision = event.type === 'decision.approved' ? 'approve' : 'reject';
      deps.onDecision?.({ decision, waitMs: Date.parse(event.time) - Date.parse(submittedAt) });
    }
  }
}
