import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  createNexusServiceClient,
  defineQuery,
  defineSignal,
  executeChild,
  patched,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { NexusOperationFailure } from '@temporalio/common';
import { operation, service } from 'nexus-rpc';
import type { Change } from '../../domain/change.ts';
import type { GateAnswer, GateFailure, GateOpened } from '../../domain/gate.ts';
import type { JsonObject } from '../../domain/json.ts';
import { changeOf, requireApproval as gate } from '../../plugin/workflow.ts';
import type { ApprovalOptions } from '../../plugin/workflow.ts';

/* Workflows of somebody else. */

/** What one of them is to ask for. */
export interface Asking extends ApprovalOptions {
  /** An operation's name; of version 1. */
  readonly operation: string;
  readonly input: JsonObject;
}

/** Gates a step; answers the change as it ended. */
export async function requireApproval({ operation, input, ...options }: Asking): Promise<Change> {
  const approval = await gate({ name: operation, version: '1' }, input, options);
  return (await approval.result()).change;
}

/** One of another type that gates a step, too. */
export async function moveLine(asking: Asking): Promise<string> {
  return (await requireApproval(asking)).executionStatus;
}

/** A workflow whose child gates a step. */
export async function parentOfHost(asking: Asking): Promise<string> {
  return (await executeChild(requireApproval, { args: [asking] })).executionStatus;
}

/** One that gates its step since its team has changed it: runs that began before go on without. */
export async function changedToGate(asking: Asking): Promise<string> {
  if (patched('gate')) return await moveLine(asking);
  let isOver = false;
  setHandler(defineSignal('end'), () => {
    isOver = true;
  });
  await condition(() => isOver);
  return 'not gated';
}

/** What {@link keyed} does in its first run, once its change is open. */
export type FirstRun =
  'goes on' | 'fails' | 'continues as new' | 'fails for good' | 'ends as new without asking';

/** Gates a step under a key, in one run or over several. */
export async function keyed(asking: Asking, firstRun: FirstRun): Promise<Heard> {
  const { continuedFromExecutionRunId, attempt } = workflowInfo();
  const isFirst = attempt === 1 && continuedFromExecutionRunId === undefined;
  let told: { id: string; url: string | null } | null = null;
  setHandler(defineQuery('told'), () => told);
  if (!isFirst && firstRun === 'ends as new without asking') {
    let isOver = false;
    setHandler(defineSignal('end'), () => {
      isOver = true;
    });
    await condition(() => isOver);
    throw ApplicationFailure.nonRetryable('it does not ask again');
  }
  const { operation, input, ...options } = asking;
  const ref = { name: operation, version: '1' };
  const approval = await gate(ref, input, options);
  told = { id: approval.id, url: approval.url };
  if (isFirst && firstRun === 'fails') throw ApplicationFailure.retryable('the first run fails');
  if (isFirst && firstRun === 'fails for good') throw ApplicationFailure.nonRetryable('it fails');
  if (isFirst && (firstRun === 'continues as new' || firstRun === 'ends as new without asking'))
    await continueAsNew<typeof keyed>(asking, firstRun);
  return await heardOf(() => approval.result());
}

/** What a host hears of its change: its id, how it ended, and by which failure. */
export interface Heard {
  readonly id: string | null;
  readonly failure: string | null;
  readonly executionStatus: string | null;
}

async function heardOf(work: () => Promise<{ change: Change }>): Promise<Heard> {
  try {
    const { change } = await work();
    return { id: change.id, failure: null, executionStatus: change.executionStatus };
  } catch (error) {
    const change = changeOf(error);
    const failure = error instanceof ApplicationFailure ? (error.type ?? null) : (error as Error).name;
    return { id: change?.id ?? null, failure, executionStatus: change?.executionStatus ?? null };
  }
}

/** Gates a step once and then again under the same key: with the same request and with another one. */
export async function keyedTwice(asking: Asking, again: Partial<Asking>): Promise<Heard & { again: string }> {
  const ask = ({ operation, input, ...options }: Asking) =>
    gate({ name: operation, version: '1' }, input, options);
  const first = ask(asking);
  const second = ask({ ...asking, ...again }).then(
    ({ id }) => id,
    (error: unknown) => (error as ApplicationFailure).type ?? '',
  );
  const approval = await first;
  return { ...(await heardOf(() => approval.result())), again: await second };
}

/** What {@link keyedInScopes} hears in each of its two scopes; null: nothing yet. */
export type HeardInScopes = Record<'first' | 'second', Heard | null>;

/**
 * Gates a step twice under one key, in two scopes beside each other. The signal `cancel` cancels one of them; with `atOnce` the
 * first one is cancelled before anything was sent.
 */
export async function keyedInScopes(asking: Asking, atOnce: boolean): Promise<HeardInScopes> {
  const scopes = { first: new CancellationScope(), second: new CancellationScope() };
  const heard: HeardInScopes = { first: null, second: null };
  let opened = 0;
  setHandler(defineQuery('heard'), () => ({ opened, ...heard }));
  setHandler(defineSignal<['first' | 'second']>('cancel'), (which) => {
    scopes[which].cancel();
  });
  const { operation, input, ...options } = asking;
  const ask = async () => {
    const approval = await gate({ name: operation, version: '1' }, input, options);
    opened += 1;
    return await approval.result();
  };
  const inScope = async (which: 'first' | 'second') => {
    heard[which] = await scopes[which].run(() => heardOf(ask));
    // Whatever comes of it is a command.
    await sleep(1);
  };
  const both = Promise.all([inScope('first'), inScope('second')]);
  if (atOnce) scopes.first.cancel();
  await both;
  return heard;
}

/** Gates a step by several installations under one key; answers what each says, in their order. */
export async function keyedInEach(asking: Asking, installations: readonly string[]): Promise<Heard[]> {
  return await Promise.all(
    installations.map(async (installation) => {
      const { operation, input, ...options } = asking;
      const ref = { name: operation, version: '1' };
      return await heardOf(async () => (await gate(ref, input, { ...options, installation })).result());
    }),
  );
}

/** Gates a step with arguments that only code without types gives; answers the failure's type and message. */
export async function untyped(name: string): Promise<{ type: string; message: string }> {
  const good = { justification: 'j', requester: { issuer: 'i', subject: 's' } };
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: 'SN-1' };
  const operation = { name: 'ActiveCaCertificate', version: '1' };
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  const long = 'a'.repeat(3_000_000);
  const throwing = (thrown: unknown) => ({
    get member(): never {
      throw thrown as Error;
    },
  });
  let reads = 0;
  const throwsLater = {
    get member(): string {
      reads += 1;
      if (reads > 2) throw new TypeError('read again');
      return 'x';
    },
  };
  const hostile = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new TypeError('hostile');
      },
    },
  );
  const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], []);
  const given: Record<string, readonly unknown[]> = {
    nothing: [],
    'no operation': [undefined, input, good],
    'an operation without a version': [{ name: 'ActiveCaCertificate' }, input, good],
    'another version': [{ ...operation, version: '2' }, input, good],
    'no input': [operation, undefined, good],
    'NaN in the input': [operation, { ...input, n: NaN }, good],
    'a Date in the input': [operation, { ...input, at: new Date(0) }, good],
    'a bigint in the input': [operation, { ...input, n: 1n }, good],
    'a circle in the input': [operation, { ...input, loop }, good],
    'no options': [operation, input],
    'no requester': [operation, input, { ...good, requester: undefined }],
    'a requester without a subject': [operation, input, { ...good, requester: { issuer: 'i' } }],
    'no justification': [operation, input, { ...good, justification: undefined }],
    'NaN for a clock': [operation, input, { ...good, decideWithinMs: NaN }],
    'NaN for the beginning': [operation, input, { ...good, beginWithinMs: NaN }],
    'an empty key': [operation, input, { ...good, key: '' }],
    'a number for a key': [operation, input, { ...good, key: 1 }],
    'another word for onCancel': [operation, input, { ...good, onCancel: 'abandon' }],
    'no name of an installation': [operation, input, { ...good, installation: 'Payments' }],
    'a number for an installation': [operation, input, { ...good, installation: 1 }],
    'a lone surrogate in the key': [operation, input, { ...good, key: 'a\ud800' }],
    'U+0000 in the key': [operation, input, { ...good, key: 'a\u0000' }],
    'a getter that throws': [operation, { ...input, ...{ more: throwing(new Error('no')) } }, good],
    'a getter that throws what throws': [operation, { more: throwing(hostile) }, good],
    'a getter that throws a long text': [operation, { more: throwing(long) }, good],
    'a getter that throws later': [
      operation,
      { more: Object.setPrototypeOf(throwsLater, null) as object },
      good,
    ],
    'a proxy': [operation, { more: hostile }, good],
    'a proxy for the options': [operation, input, hostile],
    'a function toJSON': [operation, { ...input, toJSON: () => long }, good],
    'a symbol for the beginning': [operation, input, { ...good, beginWithinMs: Symbol('x') }],
    'no end for the beginning': [operation, input, { ...good, beginWithinMs: Infinity }],
    'a text that no entry holds': [operation, { ...input, more: long }, good],
    'a name that no failure holds': [operation, { [long]: NaN }, good],
    'a justification that no entry holds': [operation, input, { ...good, justification: long }],
    'deep nesting': [operation, { deep }, good],
    'a misspelt option': [operation, input, { ...good, justificaton: 'j' }],
    'a requester with groups': [operation, input, { ...good, requester: { ...good.requester, groups: [] } }],
    'a ticket with a state': [operation, input, { ...good, ticket: { system: 's', id: 'i', state: 'open' } }],
    'a member __proto__ in the input': [operation, JSON.parse('{"__proto__": {"a": 1}}'), good],
    'a member __proto__ within the input': [
      operation,
      { a: JSON.parse('[{"__proto__": 1}]') as unknown },
      good,
    ],
    'a member __proto__ in the ticket': [
      operation,
      input,
      { ...good, ticket: JSON.parse('{"system": "s", "id": "i", "__proto__": 1}') as unknown },
    ],
  };
  try {
    await (gate as unknown as (...args: readonly unknown[]) => Promise<unknown>)(...(given[name] ?? []));
    return { type: 'nothing', message: '' };
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    const { type, message } = error;
    return { type: type ?? '', message };
  }
}

/** Starts a change without `requireApproval`, with whatever it likes. */
export async function bareChild(id: string, ...args: unknown[]): Promise<unknown> {
  try {
    return await executeChild('change', { workflowId: id, taskQueue: 'countersign', args });
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

/** What {@link gated} hears of its gate. */
export interface HeardOfGate {
  readonly answer: GateAnswer | null;
  readonly failure: { readonly type: string; readonly details: GateFailure | null } | null;
}

/** Gates a step as other languages do: by the gate as a child, which is asked with whatever it is given. */
export async function gated(
  ...args: [{ openedSignal?: string | null; firstRun?: 'continues as new'; taskQueue?: string }, ...unknown[]]
): Promise<HeardOfGate> {
  const [{ openedSignal, firstRun, taskQueue = 'countersign' }, ...sent] = args;
  let told: GateOpened | null = null;
  setHandler(defineQuery('told'), () => told);
  if (openedSignal) {
    setHandler(defineSignal<[GateOpened]>(openedSignal), (opened) => {
      told = opened;
    });
  }
  try {
    const child = await startChild('requireApproval', { taskQueue, args: sent });
    if (firstRun !== undefined && workflowInfo().continuedFromExecutionRunId === undefined) {
      await condition(() => told !== null);
      await continueAsNew<typeof gated>(...args);
    }
    return { answer: (await child.result()) as GateAnswer, failure: null };
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    if (!(error.cause instanceof ApplicationFailure)) throw error.cause ?? error;
    const { type, details } = error.cause;
    return {
      answer: null,
      failure: { type: type ?? '', details: (details?.[0] as GateFailure | undefined) ?? null },
    };
  }
}

/** Asks our worker's activity without any workflow of ours. */
export async function bareActivity(
  name: string,
  input: unknown,
  taskQueue = 'countersign',
): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: '15 seconds',
    retry: { maximumAttempts: 1 },
  });
  return activities[name]?.(input);
}

/** Gates a step by Nexus, from another namespace. */
export async function gatedByNexus(endpoint: string, request: unknown): Promise<HeardOfGate> {
  let told: GateOpened | null = null;
  setHandler(defineQuery('told'), () => told);
  const gate = createNexusServiceClient({
    service: service('countersign.gate.v1', {
      requireApproval: operation<unknown, GateAnswer>(),
      opened: operation<object, GateOpened>(),
    }),
    endpoint,
  });
  try {
    const asked = await gate.startOperation('requireApproval', request);
    const opened = gate.executeOperation('opened', { operationToken: asked.token ?? '' });
    // Where there is no change, the gate itself says why.
    told = await opened.catch(() => null);
    return { answer: await asked.result(), failure: null };
  } catch (error) {
    if (!(error instanceof NexusOperationFailure)) throw error;
    if (!(error.cause instanceof ApplicationFailure)) throw error.cause ?? error;
    const { type, details } = error.cause;
    return {
      answer: null,
      failure: { type: type ?? '', details: (details?.[0] as GateFailure | undefined) ?? null },
    };
  }
}

/** Gates a step by the Nexus endpoint of one installation, and asks that of another one which change it is. */
export async function openedElsewhere(
  endpoint: string,
  elsewhere: string,
  request: unknown,
): Promise<string | null> {
  const gates = service('countersign.gate.v1', {
    requireApproval: operation<unknown, GateAnswer>(),
    opened: operation<object, GateOpened>(),
  });
  const asked = await createNexusServiceClient({ service: gates, endpoint }).startOperation(
    'requireApproval',
    request,
  );
  const { token = '' } = asked;
  const opened = { operationToken: token };
  await createNexusServiceClient({ service: gates, endpoint }).executeOperation('opened', opened);
  try {
    await createNexusServiceClient({ service: gates, endpoint: elsewhere }).executeOperation(
      'opened',
      opened,
    );
    return null;
  } catch (error) {
    if (!(error instanceof NexusOperationFailure)) throw error;
    return error.cause?.message ?? '';
  }
}

/** A workflow of another type that asks the gate. */
export async function bareGate(request: unknown): Promise<unknown> {
  try {
    return await executeChild('requireApproval', { taskQueue: 'countersign', args: [request] });
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}
