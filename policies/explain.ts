import { windowsAt } from '../calendar/window.ts';
import type { MissingSeats } from '../domain/change.ts';
import { isMember } from '../domain/membership.ts';
import type { PersonId } from '../domain/person.ts';
import { askedFor } from '../domain/person.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { satisfiability } from '../domain/satisfiability.ts';
import { isoTime } from '../domain/time.ts';
import type { PolicySet } from './load.ts';
import { mismatch } from './match.ts';
import type { ChangeFacts, Mismatch } from './match.ts';

/** Why a change has the policy that it has, and who may approve it. */
export interface Explanation {
  /** The policies in their order, up to the one that is for the change. */
  readonly tried: readonly {
    readonly policy: string;
    readonly version: string;
    readonly unmet: Mismatch | null;
  }[];
  readonly policy: PinnedPolicy | null;
  readonly stages: readonly ExplainedStage[];
  readonly verdict: 'satisfiable' | 'unsatisfiable' | 'unknown' | 'no_policy';
  readonly missing: readonly MissingSeats[];
  /** Whether the requester may submit a break-glass change; null where the policy allows none. */
  readonly mayBreakGlass: boolean | null;
  /** Whether a window is open now, and when one opens or closes next (ISO 8601). */
  readonly window: {
    readonly open: boolean;
    readonly changes: string | null;
    /** What is wrong with a window that cannot be computed, or null. */
    readonly problem: string | null;
  } | null;
}

interface ExplainedStage {
  readonly stage: string;
  readonly seats: readonly {
    readonly group: string | null;
    readonly threshold: number;
    /** Who may fill the seats, without the requester; null when nothing lists these people. */
    readonly people: readonly PersonId[] | null;
  }[];
}

/** Explains a change that does not exist yet. */
export function explain(
  { rules, directory, issuer = null }: PolicySet,
  facts: ChangeFacts,
  breakGlass = false,
): Explanation {
  const tried: { policy: string; version: string; unmet: Mismatch | null }[] = [];
  let policy: PinnedPolicy | null = null;
  for (const rule of rules) {
    const unmet = mismatch(rule, facts, directory);
    tried.push({ policy: rule.policy.name, version: rule.policy.version, unmet });
    if (unmet !== null) continue;
    policy = rule.policy;
    break;
  }
  if (policy === null) {
    return {
      tried,
      policy,
      stages: [],
      verdict: 'no_policy',
      missing: [],
      mayBreakGlass: null,
      window: null,
    };
  }
  const { requester, now } = facts;
  const chosen = policy;
  const members = (group: string | null): PersonId[] | null => {
    const source = group === null ? undefined : chosen.groups[group];
    if (source === undefined || source.source === 'token' || group === null) return null;
    const all = source.source === 'members' ? source.members : (directory.members(group) ?? []);
    return all.filter(
      (person) => !askedFor(requester, person) && (issuer === null || person.issuer === issuer),
    );
  };
  const at = isoTime(now);
  const votable = {
    policy,
    requester,
    decisions: [],
    round: 1,
    breakGlass,
    escalatedAt: null,
    submittedAt: at,
  };
  const { verdict, missing } = satisfiability(votable, (group) => directory.members(group) ?? [], at, issuer);
  const state = windowsAt(policy.windows, now);
  const changes = state.open ? state.until : state.opens;
  return {
    tried,
    policy,
    stages: policy.stages.map(({ name, groups }) => ({
      stage: name,
      seats: groups.map(({ group, threshold }) => ({ group, threshold, people: members(group) })),
    })),
    verdict,
    missing,
    mayBreakGlass:
      policy.breakGlass === null
        ? null
        : policy.breakGlass.groups.some((group) =>
            isMember(chosen, group, requester, directory.groupsIn(requester)),
          ),
    window:
      policy.windows.length === 0
        ? null
        : {
            open: state.open,
            changes: changes === null ? null : isoTime(changes),
            problem: state.problem,
          },
  };
}
