/** The installation that one without a name of its own is. */
export const defaultInstallation = 'countersign';

/** The task queues of an installation. */
export interface TaskQueues {
  /** Of its workflows, and of their activities on Postgres. It is the installation's name. */
  readonly changes: string;
  /** Of the vendor's calls, with a rate of its own. */
  readonly calls: string;
}

const endOfCalls = '-onsmqtt';
const longestName = 63;

/** The task queues of an installation: by them Temporal tells apart those that share a namespace. */
export function taskQueuesOf(installation: string): TaskQueues {
  return { changes: installation, calls: callQueueOf(installation) };
}

/** The task queue of the vendor's calls, beside the one of an installation's workflows. */
export function callQueueOf(changeQueue: string): string {
  return `${changeQueue}${endOfCalls}`;
}

/** The task queue of an installation's workflows, whichever of its two is given. */
export function changeQueueOf(taskQueue: string): string {
  return taskQueue.endsWith(endOfCalls) ? taskQueue.slice(0, -endOfCalls.length) : taskQueue;
}

/** What an installation's name has to be, or null where this is one. */
export function installationFault(name: unknown): string | null {
  const isOne =
    typeof name === 'string' &&
    name.length <= longestName &&
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) &&
    !name.endsWith(endOfCalls);
  return isOne
    ? null
    : `expected at most ${longestName} lower-case letters, digits and single dashes, beginning with a letter and not ending in ${endOfCalls}`;
}

/** Why an operation's own workers may not have a task queue, or null: the installation's workers have it. */
export function ownQueueFault(installation: string, taskQueue: string): string | null {
  const { changes, calls } = taskQueuesOf(installation);
  return taskQueue === changes || taskQueue === calls ? `${taskQueue} is Countersign’s own task queue` : null;
}

/**
 * What an id that is made of a key has beside the key, so that the same key is another change in another installation. Nothing
 * for the default one, whose ids stay as they were.
 */
export function scopeOfKeys(installation: string): readonly string[] {
  return installation === defaultInstallation ? [] : [installation];
}

/** Whose a database is: of one installation, in one namespace of Temporal. */
export interface Owner {
  readonly installation: string;
  readonly namespace: string;
}

/** Why a process of one installation may not use the database of an owner, or null. */
export function ownerFault(owner: Owner, own: Owner): string | null {
  if (owner.installation === own.installation && owner.namespace === own.namespace) return null;
  return `the database belongs to ${ownerText(owner)}; expected ${ownerText(own)}`;
}

/** An owner as people are told of it. */
export function ownerText({ installation, namespace }: Owner): string {
  return `installation ${installation} in namespace ${namespace}`;
}
