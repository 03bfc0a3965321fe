import type { ChangeRequest } from '../domain/change.ts';
import { CountersignError } from '../domain/error.ts';
import { concerns, inForce, timeOfFreeze } from '../domain/freeze.ts';
import type { Person } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';
import { assertServedRegion } from '../operations/served-region.ts';
import { choosePolicy } from '../policies/choose.ts';
import type { PolicyQuestion } from '../policies/choose.ts';
import { explain } from '../policies/explain.ts';
import type { Explanation } from '../policies/explain.ts';
import { listFreezesBetween } from '../store/list-freezes-between.ts';
import { requireRole } from './caller.ts';
import type { ApiDependencies } from './dependencies.ts';
import { refusalOfHolder, refusalToOpen } from './refusal-to-open.ts';
import { policyExplanationSchema } from './schemas.ts';
import { readAsked } from './submit-request.ts';

/** How far ahead freezes are told, and how many of them. */
const aheadMs = 62 * 86_400_000;
const mostFreezes = 500;

/** What a policy would say of a change, and what its submission would be refused with now. */
export interface PolicyExplanation extends Explanation {
  readonly operation: string;
  readonly target: ChangeRequest['target'];
  readonly breakGlass: boolean;
  /** ISO 8601: for when it holds. */
  readonly at: string;
  /** Freezes that hold the target now or soon, by their beginning. */
  readonly freezes: readonly {
    readonly id: string;
    readonly reason: string;
    readonly startsAt: string;
    readonly endsAt: string | null;
    readonly inForce: boolean;
  }[];
  /** What `POST /v1/changes` would answer now; null where it would open the change. */
  readonly refusal: {
    readonly code: CountersignError['code'];
    readonly message: string;
    readonly changeId: string | null;
  } | null;
}

/**
 * Explains what would hold for a change if somebody asked for it now. Nothing is written, and nothing is asked of the engine.
 *
 * @throws CountersignError `invalid_request`, `region_not_served`, `log_unavailable`
 */
export async function explainPolicy(
  deps: Pick<ApiDependencies, 'db' | 'operations' | 'policies' | 'region' | 'calendar' | 'now'>,
  person: Person,
  body: unknown,
): Promise<PolicyExplanation> {
  const { db, operations, policies, region, calendar = [], now = Date.now } = deps;
  const { asked, operation, target } = readAsked(operations, policyExplanationSchema, body);
  assertServedRegion(operation, target, region);
  const at = now();
  const { breakGlass = false } = asked;
  const facts = { operation: operation.name, target, requester: person, now: at };
  const explanation = explain(policies.current(), facts, breakGlass);
  // Who has written no justification yet will begin it as the policy asks.
  const justification = asked.justification ?? explanation.policy?.breakGlass?.reasons?.[0] ?? '';
  const refusal = await refusalOf(deps, { ...facts, breakGlass, justification }, at);
  const declared = await listFreezesBetween(db, isoTime(at), isoTime(at + aheadMs), mostFreezes);
  return {
    operation: operation.name,
    target,
    breakGlass,
    at: isoTime(at),
    ...explanation,
    freezes: [...calendar, ...declared].flatMap((freeze) => {
      const time = timeOfFreeze(freeze);
      if (time === null || !concerns(freeze, facts)) return [];
      if (time.from >= isoTime(at + aheadMs) || (time.until !== null && time.until <= isoTime(at))) return [];
      const { id, reason } = freeze;
      return [{ id, reason, startsAt: time.from, endsAt: time.until, inForce: inForce(freeze, at) }];
    }),
    refusal:
      refusal === null
        ? null
        : {
            code: refusal.code,
            message: refusal.message,
            changeId: typeof refusal.extra.changeId === 'string' ? refusal.extra.changeId : null,
          },
  };
}

/** What the submission of a well-formed request would be refused with, in the order in which it is asked there. */
async function refusalOf(
  { db, policies }: Pick<ApiDependencies, 'db' | 'policies'>,
  asked: PolicyQuestion,
  now: number,
): Promise<CountersignError | null> {
  const { requester, breakGlass, target } = asked;
  try {
    requireRole(requester, 'requester');
    const policy = choosePolicy(policies.current(), asked, now);
    return (
      (await refusalToOpen(db, { policy, breakGlass, requester })) ??
      (await refusalOfHolder(db, target.id, requester, breakGlass))
    );
  } catch (error) {
    if (error instanceof CountersignError && error.code !== 'log_unavailable') return error;
    throw error;
  }
}
