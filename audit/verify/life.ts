import { askedMembers } from '../../domain/asked.ts';
import type { Asked } from '../../domain/asked.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Decision } from '../../domain/change.ts';
import { actorIn } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { PersonId } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import type { DecisionStatus } from '../../domain/status.ts';
import type { Standing } from '../../domain/status.ts';
import { stringOf } from './fields.ts';
import { personOf } from './statement-of.ts';

/** The clocks of API, worker and Temporal differ, and a call that was allowed may start a moment later, ms. */
export const tolerance = 5 * 60_000;

/** What the log has told of one change so far. */
export interface Life {
  readonly changeId: string;
  /** False where the change began before what is looked at: its past is then not judged. */
  readonly whole: boolean;
  readonly requester: PersonId | null;
  /** What was asked for, each member as canonical JSON; empty where its first entry is not looked at. */
  readonly asked: Readonly<Record<string, string>>;
  /** Null where its first entry does not tell it. */
  readonly policy: PinnedPolicy | null;
  readonly submittedAt: string;
  readonly breakGlass: boolean;
  readonly escalatedAt: string | null;
  /** Whether the API signed the submission. */
  readonly attested: boolean;
  readonly decideBy: string | null;
  readonly executeBy: string | null;
  readonly status: DecisionStatus;
  /** True once any round was approved. */
  readonly everApproved: boolean;
  readonly digest: string | null;
  readonly round: number;
  readonly decisions: readonly Decision[];
  /** Ordinals of started attempts, and of those that have ended. */
  readonly started: readonly number[];
  readonly ended: readonly number[];
  /** Of those, the ones that surely never left. */
  readonly unsent: readonly number[];
  /** Whether an attempt succeeded, or the target showed afterwards that one had. */
  readonly succeeded: boolean;
  /** Whether the target was ever found to be another than the approved one. */
  readonly drifted: boolean;
  /** As what it was given up after a call, in a round that nobody had decided; null until it is. */
  readonly abandonedAs: DecisionStatus | null;
  readonly closed: boolean;
  /** What the words to stop make of it, and how many there were. */
  readonly standing: Standing;
  readonly stopWords: number;
  /** The words of people that stand behind its entries, each with the type of its entry. */
  readonly said: readonly string[];
  /** Ordinals of attempts that cannot have been sent: when they had not begun, somebody stopped the change. */
  readonly stoppedAttempts: readonly number[];
}

/**
 * A change at its first entry; `whole` when that is the one that asked for it.
 * @param policyJson - the canonical JSON of the policy that the entry tells; made when not given
 */
export function begun(
  body: EntryBody,
  changeId: string,
  whole: boolean,
  policyJson: string = canonicalJson(body.pinnedPolicy ?? null),
): Life {
  const policy: unknown = body.pinnedPolicy;
  return {
    changeId,
    whole,
    requester: whole ? personOf(body.actor) : null,
    asked: whole ? askedIn(body, policyJson) : {},
    policy: isPolicy(policy) ? policy : null,
    submittedAt: stringOf(body.submittedAt) ?? body.time,
    breakGlass: body.breakGlass === true,
    escalatedAt: null,
    attested: false,
    decideBy: stringOf(body.decideBy),
    executeBy: stringOf(body.executeBy),
    status: 'pending',
    everApproved: false,
    digest: null,
    round: 0,
    decisions: [],
    started: [],
    ended: [],
    unsent: [],
    succeeded: false,
    drifted: false,
    abandonedAs: null,
    closed: false,
    standing: 'going',
    stopWords: 0,
    said: [],
    stoppedAttempts: [],
  };
}

/** What the entry says was asked for, with null for what it lacks. Digests are made of it, so nothing of it is put right. */
function askedIn(body: EntryBody, policyJson: string): Readonly<Record<string, string>> {
  const { breakGlass, decideBy, executeAfter, input, justification, operation, target, ticket } = body;
  const { executeBy = null, executeWithinMs = null, scope = null, label = null } = body;
  const { operationVersion = null, inputSchemaDigest = null } = body;
  const told = {
    breakGlass: breakGlass ?? null,
    decideBy: decideBy ?? null,
    executeAfter: executeAfter ?? null,
    asked: { executeBy, executeWithinMs },
    input: input ?? null,
    justification: justification ?? null,
    operation,
    operationVersion,
    inputSchemaDigest,
    policy: null,
    requester: actorIn(body),
    target: { id: target, scope, label },
    ticket: ticket ?? null,
  };
  return askedMembers(told as unknown as Asked, policyJson);
}

/** Whether the rules can be asked with it: a log from elsewhere may hold anything. */
function isPolicy(value: unknown): value is PinnedPolicy {
  const { stages, delegations, reject, groups } = (value ?? {}) as Record<string, unknown>;
  const lists = [stages, delegations].every((list) => Array.isArray(list));
  return lists && [reject, groups].every((member) => typeof member === 'object' && member !== null);
}
