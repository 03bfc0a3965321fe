import { askedMembers } from '../../domain/asked.ts';
import type { Change } from '../../domain/change.ts';
import type { Requested } from '../../domain/change-event.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeOf } from '../../domain/evolve.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import type { Standing } from '../../domain/status.ts';
import { stringOf } from './fields.ts';

/** The clocks of API, worker and Temporal differ, and a call that was allowed may start a moment later, ms. */
export const tolerance = 5 * 60_000;

/** What is known of one change from its entries so far: the change itself, and what only a verifier needs. */
export interface ChangeRecord {
  /** The change as `evolve` makes it of its entries. */
  readonly change: Change;
  /** False where the log is looked at from the middle on: nothing is judged then that needs the change's past. */
  readonly whole: boolean;
  /** What was asked for, each member as canonical JSON: digests are made of it. */
  readonly asked: Readonly<Record<string, string>>;
  /** Whether the API signed the submission. */
  readonly attested: boolean;
  /** When the decisions of this round were asked for, ISO 8601; null where approvals have lapsed since. */
  readonly askedSince: string | null;
  /** True once any round was approved. */
  readonly wasApproved: boolean;
  /** The words to stop, or to go on, that the API wrote down: how many, and what they make of the change. */
  readonly words: { readonly count: number; readonly standing: Standing };
  /** Ordinals of open attempts that cannot be sent any more: somebody stopped the change before their calls began. */
  readonly unsendable: readonly number[];
  /**
   * The id of the change's ticket as it was read first, and when it was read last and found right (ISO 8601): null where that was
   * before the last attempt or the last approval, or where it was refused since. `isShown`: whether it was read last before people
   * are asked, and found right.
   */
  readonly ticket: { readonly id: string | null; readonly rightAt: string | null; readonly isShown: boolean };
  /** The attempts that have ended, by their ordinals. It grows with the record, as the next member does. */
  readonly ended: Map<number, Answer>;
  /** Whether an entry has told that the target, read afterwards, showed what no answer had. */
  readonly reconciled: boolean;
  /** Each statement of a person that stands behind an entry, with the type of the entry. */
  readonly statements: Set<string>;
}

/** What ended an attempt. */
export interface Answer {
  readonly succeeded: boolean;
  /** The cloud's RequestId; null where there was no answer, or none in it. */
  readonly requestId: string | null;
  /** ISO 8601. */
  readonly time: string;
}

/** A policy that an entry before has told, with its canonical JSON. */
export interface KnownPolicy {
  readonly policy: PinnedPolicy;
  readonly json: string;
}

/**
 * The record at the entry that asks for the change. What the entry lacks is null: nothing of it is put right. Without its
 * policy the change is followed as one whose beginning was not seen.
 */
export function requestedRecord(body: EntryBody, known: KnownPolicy | undefined): ChangeRecord {
  const change = changeOf({
    ...lacking,
    ...body,
    submittedAt: stringOf(body.submittedAt) ?? body.time,
    pinnedPolicy: known?.policy ?? unknownPolicy,
  } as unknown as Requested);
  return recordOf(change, known !== undefined, askedMembers(change, known?.json));
}

/** The record at an entry of a change whose beginning was not seen. */
export function recordFromMiddle({ changeId, time }: EntryBody): ChangeRecord {
  return recordOf({ ...unknownChange, id: changeId ?? '', submittedAt: time }, false);
}

/** What is known of a change that has ended and of which the id alone was kept. */
export function endedRecord(body: EntryBody): ChangeRecord {
  const record = recordFromMiddle(body);
  return { ...record, change: { ...record.change, closedAt: body.time, reviewStatus: 'none' } };
}

/** Whether nothing more of a change is to come, so that its id is all that has to be kept. */
export function isComplete({ change }: ChangeRecord): boolean {
  return change.closedAt !== null && change.calls.open.length === 0 && change.reviewStatus !== 'owed';
}

/** Whether the change's policy is known, so that its rules can be asked. */
export function isPolicyKnown({ change }: ChangeRecord): boolean {
  return change.policy !== unknownPolicy;
}

/** Whether something may have reached the vendor: an attempt ended as sent, or has not ended. */
export function mayHaveCalled({ calls }: Change): boolean {
  return calls.called || calls.open.length > 0;
}

function recordOf(change: Change, whole: boolean, asked: ChangeRecord['asked'] = {}): ChangeRecord {
  return {
    ...{ change, whole, asked, attested: false, askedSince: null, wasApproved: false, unsendable: [] },
    words: { count: 0, standing: 'going' },
    ticket: { id: null, rightAt: null, isShown: false },
    ended: new Map(),
    reconciled: false,
    statements: new Set(),
  };
}

/** The members that `change.requested` has beside those of every entry. */
const lacking = {
  ...{ operationVersion: null, inputSchemaDigest: null, scope: null, label: null, input: null },
  ...{ justification: null, ticket: null, breakGlass: null, decideBy: null },
  ...{ executeAfter: null, executeBy: null, executeWithinMs: null },
};

/** Stands in for a policy that the log does not tell. No decisions satisfy it. */
const unknownPolicy: PinnedPolicy = {
  ...{ name: '', version: '', digest: '', commentRequired: 'never', precheck: 'advisory', standard: false },
  stages: [{ name: '', groups: [{ group: null, threshold: Number.MAX_SAFE_INTEGER }] }],
  reject: { kind: 'any' },
  ...{ decideWithinMs: 0, executeWithinMs: 0, remindersMs: [], delegations: [], windows: [], groups: {} },
  ...{ escalation: null, freezeOverride: null, breakGlass: null, authentication: null, ticket: null },
};

/** Stands in for a change whose beginning was not seen: asked for by nobody, and it may owe a review. */
const unknownChange: Change = {
  ...changeOf({
    ...lacking,
    ...{ type: 'change.requested', time: '', changeId: '', operation: '', target: '', submittedAt: '' },
    actor: { issuer: '', subject: '', roles: [], groups: [] },
    pinnedPolicy: unknownPolicy,
    breakGlass: true,
  } as unknown as Requested),
  reviewStatus: 'owed',
};

/** Whether the rules can be asked with it: a log from elsewhere may hold anything. */
export function isPolicy(value: unknown): value is PinnedPolicy {
  const { stages, delegations, windows, reject, groups } = (value ?? {}) as Record<string, unknown>;
  const lists = [stages, delegations, windows].every((list) => Array.isArray(list));
  return lists && [reject, groups].every((member) => typeof member === 'object' && member !== null);
}
