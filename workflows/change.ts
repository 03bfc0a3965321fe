import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { LogActivities } from '../activities/contract.ts';
import type { ChangeEnd, ChangeRequest, HostRequest } from '../domain/change.ts';
import { longestMs } from '../domain/duration.ts';
import { newChange } from '../domain/evolve.ts';
import type { KeyedHost } from '../domain/host.ts';
import type { Phase } from '../domain/lifecycle.ts';
import { isoTime } from '../domain/time.ts';
import { awaitApproval } from './await-approval.ts';
import { handleCancellation } from './cancellation.ts';
import { makeChangeContext } from './change-context.ts';
import type { ChangeContext } from './change-context.ts';
import { goOnAsNew, isContinuation } from './continuation.ts';
import type { Continuation } from './continuation.ts';
import { end } from './end.ts';
import { execute } from './execute.ts';
import { endOf } from './follow.ts';
import { hostEncodingOf, towardsHost } from './host-answer.ts';
import { cancelledBefore, hosted, openHosted, tellOpened, tellsOpened } from './hosted.ts';
import { firstAttributes, stateQuery, submittedUpdate } from './messages.ts';
import type { SubmittedResult } from './messages.ts';
import { failure, keyOfOther, refusalOf } from './opening-refusal.ts';
import { readTarget } from './read-target.ts';
import { recordOptions } from './record-options.ts';
import { makeSparingTimer } from './sparing-timer.ts';
import { handleRequests, holdRequests } from './requests.ts';

// Ordinary ones: their input is in the history before they run, so whatever is killed, a repeat carries the same bytes.
const log = proxyActivities<Pick<LogActivities, 'record' | 'applyInStore'>>(recordOptions);
// A local one saves a round trip; everything in its entry was fixed by the request, its time too.
const { openChange } = proxyLocalActivities<Pick<LogActivities, 'openChange'>>(recordOptions);

/** What is done in each phase of a change (domain/lifecycle.ts), until it is in another. */
const steps: Readonly<Record<Exclude<Phase, 'closed'>, (context: ChangeContext) => Promise<void>>> = {
  reading: readTarget,
  deciding: awaitApproval,
  scheduled: execute,
  running: execute,
  paused: execute,
  ending: end,
};

/**
 * One change request from its submission to its one final outcome. Answers the change at its end; fails, with nothing
 * written, when another change holds the target or the key.
 *
 * @throws ApplicationFailure whose type is a code: `invalid_request`, `region_not_served`, `bad_signature`,
 * `open_change_exists`, `ticket_taken`, `key_reused`, `review_owed`, `policy_revoked`, `policy_out_of_step`, `integrity_conflict`; of a host's request also `host_not_allowed`, `token_needed`,
 * `no_policy`, `policy_unsatisfiable`, `invalid_configuration`
 * @throws CancelledFailure when it is cancelled before anything is written
 */
export async function change(asked: ChangeRequest | HostRequest | Continuation): Promise<ChangeEnd> {
  const root = CancellationScope.current();
  // A cancellation is a request like others, which waits for its turn: nothing that is being written is torn by it.
  return CancellationScope.nonCancellable(() => {
    let encoding: string | null = isContinuation(asked) ? (asked.answerIn ?? null) : null;
    return towardsHost(
      () => encoding,
      () =>
        runChange(root, asked, (heard) => {
          encoding = heard;
        }),
    );
  });
}

async function runChange(
  root: CancellationScope,
  asked: ChangeRequest | HostRequest | Continuation,
  hear: (encoding: string) => void,
): Promise<ChangeEnd> {
  if (isContinuation(asked)) return await run(root, takeUp(asked));
  const byPerson = { host: null, url: null, answerIn: null, hidesTarget: false };
  if (isSigned(asked)) return await run(root, await begin(root, { request: asked, ...byPerson }));
  if (patched('opened-in-one-step')) return await runHosted(root, asked, hear);
  const accepted = await hosted(asked, hear);
  if (accepted.kind === 'followed') return await endOf(root, asked, accepted);
  const answerIn = hostEncodingOf(accepted);
  const { hidesTarget = false } = accepted;
  const begun = await begin(root, { ...accepted, answerIn, hidesTarget });
  if (accepted.outlivesHost) begun.context.unbound = begun.host;
  // Not waited for.
  void tellOpened(tellsOpened(asked, accepted), { url: begun.url }, answerIn);
  return await run(root, begun);
}

/** The change of a host: opened, told of and, where that is quick, read in one step. */
async function runHosted(
  root: CancellationScope,
  asked: HostRequest,
  hear: (encoding: string) => void,
): Promise<ChangeEnd> {
  const beginning = openHosted(root, asked, hear).then((opened) =>
    opened.kind === 'followed' ? opened : begunWith(opened, asked.id),
  );
  holdRequests(
    beginning.then((begun) => {
      if ('context' in begun) return begun.context;
      throw failure('change_closed', `change ${asked.id} is that of another run`, asked.id);
    }),
  );
  const begun = await settleHandlers(beginning);
  return await ('context' in begun ? run(root, begun) : endOf(root, asked, begun));
}

/** What the run of a host's change begins with, once that is open. */
function begunWith(
  opened: Exclude<Awaited<ReturnType<typeof openHosted>>, { kind: 'followed' }>,
  id: string,
): Begun {
  if (opened.kind === 'not_opened') {
    const { result } = opened;
    const changeId = 'changeId' in result ? result.changeId : id;
    throw refusalOf(result, id) ?? keyOfOther({ changeId });
  }
  const { change, host, url, outlivesHost, hidesTarget, read } = opened;
  const context = makeChangeContext(change, log, null, makeSparingTimer());
  context.nextOrdinal('change.requested');
  context.read = read;
  if (outlivesHost) context.unbound = host;
  const submitted = { changeId: change.id, known: false };
  handle(context, Promise.resolve(submitted));
  upsertSearchAttributes(firstAttributes(change, hidesTarget));
  return { context, host, submitted, url, answerIn: hostEncodingOf(opened) };
}

/** The life of an open change. */
async function run(root: CancellationScope, begun: Begun): Promise<ChangeEnd> {
  const { context, host, url } = begun;
  if (host && isParent(host)) context.parentHost = host;
  handleCancellation(context, root, host);
  for (let { phase } = context; phase !== 'closed'; { phase } = context) {
    await steps[phase](context);
    if (context.isFull() && context.phase !== 'closed') return await goOnAsNew(begun);
  }
  await condition(allHandlersFinished);
  return { change: context.change, output: context.output, url };
}

function isParent({ workflowId, runId }: KeyedHost): boolean {
  const { parent } = workflowInfo();
  return parent?.workflowId === workflowId && parent.runId === runId;
}

/** What a run of a change begins with. */
interface Begun {
  readonly context: ChangeContext;
  readonly host: KeyedHost | null;
  readonly submitted: SubmittedResult;
  /** Where people find it, as the host is told. */
  readonly url: string | null;
  /** In which encoding the host is answered; null where there is none. */
  readonly answerIn: string | null;
}

/** Opens the change. */
async function begin(
  root: CancellationScope,
  {
    request,
    host,
    url,
    answerIn,
    hidesTarget,
  }: Pick<Begun, 'host' | 'url' | 'answerIn'> & {
    readonly request: ChangeRequest;
    readonly hidesTarget: boolean;
  },
): Promise<Begun> {
  if (root.consideredCancelled) throw cancelledBefore();
  const context = understood('change request', () => makeChangeContext(newChange(request), log));
  const opening = open(context, request, host);
  handle(context, opening);
  const submitted = await settleHandlers(opening);
  if (submitted.known) throw keyOfOther(submitted);
  // The API starts a change with them. A host's would be tried for ever where its namespace does not have them.
  if (host) upsertSearchAttributes(firstAttributes(context.change, hidesTarget));
  return { context, host, submitted, url, answerIn };
}

/** Takes up a change from the run before. What it tells is believed as far as the log and Postgres bear it out: they decide. */
function takeUp(carried: Continuation): Begun {
  const context = understood('continuation', () => makeChangeContext(carried.change, log, carried));
  handle(context, Promise.resolve(carried.submitted));
  const { host, submitted, url, answerIn = null } = carried;
  return { context, host, submitted, url, answerIn };
}

function handle(context: ChangeContext, opening: Promise<SubmittedResult>): void {
  setHandler(stateQuery, () => context.change);
  setHandler(submittedUpdate, () => opening);
  handleRequests(context);
}

/** Whether it says that the API has signed it; whether it has, is asked where it is opened. */
function isSigned(asked: ChangeRequest | HostRequest | null | undefined): asked is ChangeRequest {
  return asked?.submission != null;
}

async function open(
  context: ChangeContext,
  request: ChangeRequest,
  host: KeyedHost | null,
): Promise<SubmittedResult> {
  if (workflowInfo().workflowId !== `change-${request.id}`) {
    throw failure('invalid_request', `${request.id} is another change than this workflow's`, request.id);
  }
  // Without this limit the approval time could overflow a Date.
  const longest = Math.min(request.policy.executeWithinMs, longestMs);
  if (!(request.executeWithinMs >= 0 && request.executeWithinMs <= longest)) {
    throw failure('invalid_request', 'executeWithinMs: expected at most what the policy says', request.id);
  }
  const startedAt = isoTime(workflowInfo().startTime.getTime());
  const opened = await openChange({
    request,
    host,
    startedAt,
    ordinal: context.nextOrdinal('change.requested'),
  });
  const refusal = refusalOf(opened, request.id);
  if (refusal) throw refusal;
  const changeId = 'changeId' in opened ? opened.changeId : request.id;
  return { changeId, known: opened.kind === 'known' };
}

/** A failed opening must reach the waiting update before the run fails. */
async function settleHandlers<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await condition(allHandlersFinished);
    throw error;
  }
}

/**
 * What is made of something that came from outside. A plain error fails the workflow task, which is then tried for ever:
 * what cannot be understood fails the workflow instead.
 */
function understood<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemporalFailure) throw error;
    throw ApplicationFailure.nonRetryable(`not a ${what}: ${String(error)}`, 'invalid_request');
  }
}
