import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import { taskQueuesOf } from '../domain/installation.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import type { Finding } from './finding.ts';
import { namespaceSteps } from './namespace-steps.ts';
import type { NamespaceStep } from './namespace-steps.ts';
import { giveWayCommand, setupCommands } from './setup-commands.ts';
import type { SetupPlace } from './setup-commands.ts';
import { askTemporal } from './temporal.ts';
import { temporalFault } from './temporal-fault.ts';
import { addAttributes, knowsAttributes, makeNamespace, readNamespace } from './temporal-namespace.ts';

/** What `countersign temporal setup` found and did. */
export interface NamespaceSetup {
  /** host:port of Temporal's frontend. */
  readonly address: string;
  readonly namespace: string;
  /** The installation that is to run there; others may run beside it, and use the same search attributes. */
  readonly installation: string;
  /** Its task queues. Temporal has each as soon as somebody asks. */
  readonly taskQueues: readonly string[];
  /** What Temporal answers, the namespace, and each search attribute. */
  readonly findings: readonly Finding[];
  /** What makes the rest; empty where nothing is missing, or nobody answers. */
  readonly commands: readonly string[];
}

export interface SetupOptions {
  /** Only look, and make nothing. */
  readonly print: boolean;
  /** Days that Temporal keeps workflows that have ended, 1 or more: then the namespace is made where it is missing. */
  readonly retentionDays: number | null;
  readonly installation: string;
}

/** How long what was made may take to be known everywhere, ms: a frontend reads its namespaces anew every 10 s or so. */
const knownWithinMs = 60_000;

/**
 * Looks at the namespace that Temporal's variables name, and makes what an installation needs and what is missing. Asks
 * for no right that this does not take: without something missing it only reads.
 *
 * @throws CountersignError `invalid_configuration` where Temporal's variables cannot be read
 */
export async function setUpNamespace({
  print,
  retentionDays,
  installation,
}: SetupOptions): Promise<NamespaceSetup> {
  const { connection, address, namespace } = askTemporal();
  const place = { address, namespace, retentionDays };
  const ofInstallation = { installation, taskQueues: Object.values(taskQueuesOf(installation)) };
  const seen: Seen = { steps: null, isNamespaceMade: false };
  try {
    const found = await connection.withDeadline(Date.now() + 10_000, () =>
      readNamespace(connection, namespace),
    );
    const steps = namespaceSteps(found);
    seen.steps = steps;
    const made = print ? [] : makeable(steps, retentionDays);
    const until = Date.now() + knownWithinMs;
    const isKnown = await connection.withDeadline(until, () => make(connection, place, made, until, seen));
    const rest = steps.filter((step) => !made.includes(step));
    return {
      address,
      namespace,
      ...ofInstallation,
      commands: setupCommands(rest, place),
      findings: findingsOf(place, rest, { made, isKnown, isNamespaceMade: seen.isNamespaceMade }),
    };
  } catch (error) {
    const fault = { name: 'Temporal', ok: false, ...temporalFault(error, place) };
    const there = seen.isNamespaceMade ? [namespaceFinding(place, true)] : [];
    return {
      address,
      namespace,
      ...ofInstallation,
      findings: [...there, fault, ...missingOf(place, seen.steps ?? [])],
      commands: setupCommands(seen.steps ?? unseenSteps(error, place), place),
    };
  } finally {
    await connection.close();
  }
}

/** What is known of the namespace, at any moment. */
interface Seen {
  /** What it lacks; null until it could be read. */
  steps: NamespaceStep[] | null;
  isNamespaceMade: boolean;
}

/** What may be missing where nobody may look. What is there already, the commands leave as it is. */
function unseenSteps(error: unknown, { retentionDays }: SetupPlace): NamespaceStep[] {
  if (grpcStatusOf(error) !== 'PERMISSION_DENIED') return [];
  return namespaceSteps({ exists: retentionDays === null, attributes: {} });
}

/** What may be made: nothing in a namespace that nobody asked to be made. */
function makeable(steps: readonly NamespaceStep[], retentionDays: number | null): NamespaceStep[] {
  if (retentionDays === null && steps.some(({ kind }) => kind === 'namespace')) return [];
  return steps.filter(({ kind }) => kind !== 'wrong_type');
}

/** @returns whether queries take what was made, in the end */
async function make(
  connection: Connection,
  { namespace, retentionDays }: SetupPlace,
  steps: readonly NamespaceStep[],
  until: number,
  seen: Seen,
): Promise<boolean> {
  if (retentionDays !== null && steps.some(({ kind }) => kind === 'namespace')) {
    seen.isNamespaceMade = await makeNamespace(connection, namespace, retentionDays);
    seen.steps = seen.steps?.filter(({ kind }) => kind !== 'namespace') ?? null;
  }
  while (steps.length > 0 && !(await areThere(connection, namespace, steps))) {
    if (Date.now() > until - 1000) return false;
    await delay(500);
  }
  return true;
}

/** Adds the attributes, in a namespace that a frontend may not know yet. */
async function areThere(
  connection: Connection,
  namespace: string,
  steps: readonly NamespaceStep[],
): Promise<boolean> {
  const names = steps.filter((step) => step.kind === 'attribute').map(({ name }) => name);
  try {
    await addAttributes(connection, namespace, steps);
    return await knowsAttributes(connection, namespace, names);
  } catch (error) {
    if (grpcStatusOf(error) === 'NOT_FOUND') return false;
    throw error;
  }
}

function findingsOf(
  place: SetupPlace,
  rest: readonly NamespaceStep[],
  {
    made,
    isKnown,
    isNamespaceMade,
  }: {
    readonly made: readonly NamespaceStep[];
    readonly isKnown: boolean;
    readonly isNamespaceMade: boolean;
  },
): Finding[] {
  const missing = missingOf(place, rest);
  const isThere = (name: string) => !missing.some((finding) => finding.name === name);
  const wasMade = (name: string) => made.some((step) => step.kind === 'attribute' && step.name === name);
  const found = (name: string, type: string): Finding =>
    isKnown || !wasMade(name)
      ? { name, ok: true, found: wasMade(name) ? `${type}, made now` : type, remedy: '' }
      : {
          name,
          ok: false,
          found: 'made now, but no query takes it yet',
          remedy: 'run this again in a minute',
        };
  const attributes = Object.entries(searchAttributes).filter(([name]) => isThere(name));
  return [
    ...(isThere('Namespace') ? [namespaceFinding(place, isNamespaceMade)] : []),
    ...attributes.map(([name, type]) => found(name, type)),
    ...missing,
  ];
}

function namespaceFinding({ address, namespace }: SetupPlace, isMade: boolean): Finding {
  const found = `${namespace} at ${address}${isMade ? ', made now' : ''}`;
  return { name: 'Namespace', ok: true, found, remedy: '' };
}

/** What is missing, as findings. */
function missingOf(place: SetupPlace, steps: readonly NamespaceStep[]): Finding[] {
  return steps.map((step) => {
    switch (step.kind) {
      case 'namespace':
        return {
          name: 'Namespace',
          ok: false,
          found: `${place.address} has no namespace ${place.namespace}`,
          remedy: 'correct TEMPORAL_NAMESPACE, or have it made with --namespace-retention <days>',
        };
      case 'attribute':
        return { name: step.name, ok: false, found: 'missing', remedy: `make it: ${step.type}` };
      case 'wrong_type':
        return {
          name: step.name,
          ok: false,
          found: `${step.found}, expected ${step.type}`,
          remedy: `where nothing else in the namespace uses it: ${giveWayCommand(step.name, place)}, then this again; otherwise take another namespace`,
        };
    }
  });
}
