import { activityInfo, getClient, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { encodingOf, plainEncoding, plainEncodings } from '../domain/answer-encoding.ts';
import { CountersignError } from '../domain/error.ts';
import { gateWorkflowType } from '../domain/gate.ts';
import type { Host, KeyedHost } from '../domain/host.ts';
import { hostKeyOf } from '../domain/host-key.ts';
import { changeQueueOf } from '../domain/installation.ts';
import { answered, described, firstRunOf, refusal, startOf } from './executions.ts';
import type { Execution } from './executions.ts';
import { nexusCaller } from './nexus-caller.ts';

type Described = NonNullable<Awaited<ReturnType<typeof described>>>;

/** What Temporal says of the workflow of ours whose activity this is. */
export interface Asking {
  readonly host: Host;
  /** Whether it asked by a Nexus operation: Temporal does not end that with the host. */
  readonly byNexus: boolean;
  /** When the workflow was started, ISO 8601. */
  readonly startedAt: string;
  /** The workflow that started it: the host, or a gate that asks in the host's name. Null: none. */
  readonly parent: Execution | null;
}

/**
 * Who asked for a change that did not come by the API. Temporal is asked, since an argument says whatever its sender
 * wants.
 *
 * @param type - the workflow type of ours that may ask
 * @throws CountersignError `host_not_allowed` where it is another workflow, has no parent, or its parent cannot be read
 */
export async function askingHost(type: string): Promise<Asking> {
  const { namespace, execution, own } = await ownWorkflow(type);
  const { startedAt, parent } = own;
  return { ...(await hostOf(namespace, execution, own)), startedAt, parent };
}

/**
 * As {@link askingHost}, of a change that is open. Where Temporal tells of its host no more, its first entry does; whether that
 * host still runs is then asked before the call, as of one that asked by Nexus.
 *
 * @param known - the host as the first entry names it
 */
export async function hostOfOpen(type: string, known: Host): Promise<Asking> {
  const { namespace, execution, own } = await ownWorkflow(type);
  const { startedAt, parent } = own;
  const seen = await unlessRefused(hostOf(namespace, execution, own));
  return { ...(seen ?? { host: known, byNexus: true }), startedAt, parent };
}

/** As {@link keyedHost}; where the history of the host cannot be read, no later run of it follows the change. */
export async function keyedHostOfOpen(host: Host): Promise<KeyedHost> {
  return (await unlessRefused(keyedHost(host))) ?? { ...host, firstRunId: null };
}

/** What Temporal tells; null, with a line of this worker, where it will never tell. */
async function unlessRefused<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    log.warn('the host of an open change cannot be seen any more', { error });
    return null;
  }
}

/** The workflow of ours whose activity this is. @throws CountersignError `host_not_allowed` where it is of another type or queue */
async function ownWorkflow(type: string) {
  const { namespace, workflowExecution: execution, taskQueue } = activityInfo();
  if (!execution) throw refusal('it was started by no workflow');
  const own = await described(namespace, execution);
  if (own?.type === type && own.taskQueue === taskQueue) return { namespace, execution, own };
  throw refusal(
    `a workflow of type ${own?.type ?? 'unknown'} on ${own?.taskQueue ?? 'no queue'} is no change`,
  );
}

/** Who started a workflow of ours. A gate asks in the name of whoever started it. */
async function hostOf(
  namespace: string,
  execution: { readonly workflowId: string; readonly runId: string },
  own: Described,
): Promise<Pick<Asking, 'host' | 'byNexus'>> {
  const { parent } = own;
  if (parent === null) {
    const caller = own.type === gateWorkflowType ? await nexusCaller(namespace, execution) : null;
    if (caller !== null) return { host: caller, byNexus: true };
    throw refusal('it was started by hand: a change is asked for by the API, or by a workflow as its parent');
  }
  const here = await described(namespace, parent);
  if (here?.type === gateWorkflowType && here.taskQueue === own.taskQueue)
    return hostOf(namespace, parent, here);
  const host = here
    ? { namespace, ...parent, type: here.type }
    : await hostElsewhere(namespace, own.parentNamespaceId, parent);
  if (host === null) throw refusal(`its parent ${parent.workflowId} is not known any more`);
  return { host, byNexus: false };
}

/**
 * The host with the first run of its chain, which a key's scope needs.
 *
 * @throws CountersignError `host_not_allowed` where its history cannot be read
 */
export async function keyedHost(host: Host): Promise<KeyedHost> {
  const firstRunId = await firstRunOf(host.namespace, host);
  if (firstRunId === null) throw refusal(`the history of its parent ${host.workflowId} cannot be read`);
  return { ...host, firstRunId };
}

/** The key of a host's request over all hosts, as this activity's installation is asked for it. */
export function hostKey({ firstRunId }: KeyedHost, key: string): string {
  return hostKeyOf(firstRunId ?? '', key, changeQueueOf(activityInfo().taskQueue));
}

/**
 * The encoding in which this activity's workflow was asked, as Temporal has it: the host that asked reads it, so it is answered
 * in the same. Plain where Temporal does not tell this worker; then whoever asked is refused, too.
 */
export async function encodingOfRequest(): Promise<string> {
  const { namespace, workflowExecution } = activityInfo();
  if (!workflowExecution) return plainEncoding;
  const started = await startOf(namespace, workflowExecution).catch((error: unknown) => {
    if (error instanceof CountersignError) return null;
    throw error;
  });
  // What a Nexus operation asks is handed on by our own worker, in our encoding: its caller is answered plainly.
  if (!started?.parentWorkflowExecution) return plainEncoding;
  const [request] = started.input?.payloads ?? [];
  const encoding = request ? encodingOf(request) : plainEncoding;
  return plainEncodings.has(encoding) ? plainEncoding : encoding;
}

/**
 * Whether another run of the host's chain than the one that asked runs now. Where Temporal has refused to tell for minutes, since its
 * namespace is closed to this worker, the host does not go on: its change is withdrawn, and holds its target no longer.
 *
 * @param orStill - whether the one that asked is as good
 */
export async function goesOn(host: KeyedHost, orStill = false): Promise<boolean> {
  try {
    return await runsOn(host, orStill);
  } catch (error) {
    // A right can be given back, a token renewed.
    if (!(error instanceof CountersignError) || activityInfo().attempt < refusedTimes) throw error;
    log.warn('whether a host goes on cannot be seen', { error });
    return false;
  }
}

/** So often Temporal is asked before its refusal counts: by the repeats of the activity some minutes. */
const refusedTimes = 25;

/**
 * As {@link goesOn}, asked once.
 *
 * @throws CountersignError `host_not_allowed` where Temporal refuses to tell
 */
export async function runsOn(
  { namespace, workflowId, runId, firstRunId }: KeyedHost,
  orStill: boolean,
  client: Client = getClient(),
): Promise<boolean> {
  const now = await described(namespace, { workflowId }, client);
  if (now === null || Number(now.status) !== running) return false;
  if (now.runId === runId) return orStill;
  return (
    firstRunId !== null &&
    (await firstRunOf(namespace, { workflowId, runId: now.runId }, client)) === firstRunId
  );
}

/** WorkflowExecutionStatus of a workflow that runs. */
const running = 1;

/** A parent that is not of the change's own namespace: a run's id is Temporal's own and unique. */
async function hostElsewhere(
  namespace: string,
  parentNamespaceId: string,
  parent: Execution,
): Promise<Host | null> {
  const { namespaceInfo } = await answered(() =>
    getClient().workflowService.describeNamespace({ id: parentNamespaceId }),
  );
  const other = namespaceInfo?.name;
  if (!other || other === namespace) return null;
  const there = await described(other, parent);
  return there && { namespace: other, ...parent, type: there.type };
}
