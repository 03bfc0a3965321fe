import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LogActivities, Refused } from '../activities/contract.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { CountersignError } from '../domain/error.ts';
import type { GateAnswer, GateFailure, GateOpened } from '../domain/gate.ts';
import { requestLengthFault } from '../domain/request-length.ts';
import { refusedValue, unreadableIn, unreadableValue } from '../domain/unreadable.ts';
import { changeOf } from './approval.ts';
import type { Approval } from './approval.ts';
import { ask } from './ask.ts';
import { answerIn, failIn, hostEncodingOf } from './host-answer.ts';
import { openedUpdate } from './messages.ts';
import { recordOptions } from './record-options.ts';

const { acceptGate } = proxyActivities<Pick<LogActivities, 'acceptGate'>>(recordOptions);

/** A change that a gate has asked for. */
interface Gated {
  readonly approval: Approval;
  readonly opened: GateOpened;
  /** In which encoding the host is answered. */
  readonly encoding: string;
}

/**
 * `requireApproval` for a host in any language, as its child or behind a Nexus operation: asks for a change, waits for its end and
 * answers it. Its one argument and its answer are those of operations/gate-contract.ts. It stands between host and change,
 * so that whatever the host does with its child, the change ends as it should.
 *
 * @throws ApplicationFailure whose type is one of `endTypes` (domain/gate.ts) or the code of a refusal; details: a GateFailure
 * @throws CancelledFailure when it was cancelled, is to withdraw, and nothing was called
 */
export async function gate(...sent: unknown[]): Promise<GateAnswer> {
  const opening = open(sent);
  setHandler(openedUpdate, async () => {
    const { encoding, opened } = await opening;
    return answerIn(encoding, opened);
  });
  try {
    const { approval, encoding } = await opening;
    return answerIn(encoding, await answerOf(approval));
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

async function open(sent: readonly unknown[]): Promise<Gated> {
  const accepted = await acceptGate({ sent: sent.length === 1 ? sent.map(asJson) : sent.map(asNothing) });
  const encoding = hostEncodingOf(accepted);
  failIn(encoding);
  if (accepted.kind === 'refused') throw refused(accepted);
  const { request, onCancel } = accepted;
  const { approval } = await ask(request, {
    onCancel,
    beginWithinMs: null,
    installation: workflowInfo().taskQueue,
  }).catch(notAsked);
  const opened = { changeId: request.id, key: request.key, url: approval.url };
  // Not waited for.
  void tell(accepted.openedSignal, opened, encoding);
  return { approval, opened, encoding };
}

/**
 * An argument that an activity gets as it came: on the way, bytes would become an object, and 1e400 null. Where a number or
 * text of it is none that every language reads alike, the activity refuses it, since it knows in which encoding.
 */
function asJson(argument: unknown): unknown {
  if (ArrayBuffer.isView(argument)) return unreadableValue('bytes');
  try {
    const fault = requestLengthFault(canonicalJson(argument ?? null));
    if (fault === null) return argument ?? null;
    // Also for the activity, whose input Temporal measures too.
    return refusedValue({
      message: fault,
      errors: [{ field: 'request', rule: 'max_bytes', message: fault }],
    });
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    const { message } = error;
    const errors = error.errors.map((one) => ({
      ...one,
      field: one.field.replace(/^\$\.?/, '') || 'request',
    }));
    return refusedValue({ message, errors });
  }
}

/** One of several arguments, all of which are refused: how many there are, and whether they can be read, is all that counts. */
function asNothing(argument: unknown): unknown {
  const isReadable = !ArrayBuffer.isView(argument) && unreadableIn(argument) === null;
  return isReadable ? null : unreadableValue('several arguments');
}

async function tell(openedSignal: string | null, opened: GateOpened, encoding: string): Promise<void> {
  const { parent } = workflowInfo();
  if (!parent || openedSignal === null) return;
  try {
    await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(
      openedSignal,
      answerIn(encoding, opened),
    );
  } catch (error) {
    log.warn('the host was not told that its change is open', { error });
  }
}

async function answerOf(approval: Approval): Promise<GateAnswer> {
  const { id: changeId, url } = approval;
  try {
    const { change, output } = await approval.result();
    const { outcome } = change;
    if (outcome === null)
      throw ApplicationFailure.nonRetryable('the change has no outcome', 'internal_error');
    return { changeId, url, outcome, output };
  } catch (error) {
    const change = changeOf(error);
    if (change === null || !(error instanceof ApplicationFailure)) throw error;
    const { decisionStatus, executionStatus, outcome } = change;
    throw failed(error, { changeId, url, decisionStatus, executionStatus, outcome, errors: [] });
  }
}

/** Why there is no change: of the change's own workflow, which says which one is in the way. */
function notAsked(error: unknown): never {
  if (!(error instanceof ApplicationFailure)) throw error;
  const [details] = (error.details ?? []) as [{ changeId?: string }?];
  throw failed(error, { ...nothing, changeId: details?.changeId ?? null });
}

function refused({ code, message, errors = [] }: Omit<Refused, 'kind'>): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(message, code);
  // Without details where nothing in it could be read: then the host may have a codec that reads nothing plain.
  return code === 'invalid_request' && errors.length === 0
    ? failure
    : failed(failure, { ...nothing, errors });
}

const nothing: GateFailure = {
  changeId: null,
  url: null,
  decisionStatus: null,
  executionStatus: null,
  outcome: null,
  errors: [],
};

function failed({ message, type }: ApplicationFailure, details: GateFailure): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: type ?? 'internal_error',
    nonRetryable: true,
    details: [details],
  });
}
