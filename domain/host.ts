import { globMatches } from './glob.ts';
import type { JsonObject } from './json.ts';
import type { Person, PersonId, Voucher } from './person.ts';

/** A workflow that asked for a change, as Temporal tells of it: the parent of the change's workflow. */
export interface Host {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Its workflow type. */
  readonly type: string;
}

/** A host whose change is taken up again by a later run of the same chain, see domain/host-key.ts. */
export interface KeyedHost extends Host {
  /** The id of the chain's first run; null where the host gave no key. */
  readonly firstRunId: string | null;
}

/** Which workflows may ask for changes. In both, `*` stands for any text and `?` for one character. */
export interface HostPattern {
  readonly namespace: string;
  readonly type: string;
}

/** Hosts as a setting lists them: `<namespace>/<workflow type>`, comma-separated; null where it is written otherwise. */
export function hostPatternsOf(text: string): HostPattern[] | null {
  const patterns = text.split(',').map((one) => {
    const [, namespace, type] = /^\s*([^/\s]+)\/(.*\S)\s*$/.exec(one) ?? [];
    return namespace === undefined || type === undefined ? null : { namespace, type };
  });
  return patterns.every((pattern) => pattern !== null) ? patterns : null;
}

/** Whether a workflow may ask for changes. */
export function isAllowedHost(patterns: readonly HostPattern[], host: Host): boolean {
  return patterns.some(
    ({ namespace, type }) => globMatches(namespace, host.namespace) && globMatches(type, host.type),
  );
}

/**
 * The person in whose name a host asks: nobody has seen a token of theirs, so they have no name and no groups, and the host that
 * vouches for them is part of who they are.
 */
export function requesterOfHost(
  { issuer, subject }: PersonId,
  { namespace, type, workflowId }: Voucher,
): Person {
  return {
    issuer,
    subject,
    name: subject,
    roles: ['requester'],
    groups: [],
    authentication: { methods: ['workflow'], at: null },
    vouchedBy: { namespace, type, workflowId },
  };
}

/** The signal by which a child of a host's tells it that the change is open. @param workflowId - the child's */
export function openedSignalOf(workflowId: string): string {
  return `countersign.opened.${workflowId}`;
}

/** The signal by which a change with a keyed host is told that no run of that follows it any more. */
export const hostEndedSignalName = 'host-ended';

/** What {@link openedSignalOf} carries. */
export interface Opened {
  /** Where people find the change; null where the worker was not told of such a place. */
  readonly url: string | null;
}

/** The host as an entry tells of it. */
export function hostMembers({ namespace, workflowId, runId, type }: Host): JsonObject {
  return { namespace, workflowId, runId, type };
}
