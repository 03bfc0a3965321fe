import { withEscalation, withLapsed } from '../domain/change-state.ts';
import { workerActor } from '../domain/entry.ts';
import { dueNotices } from '../domain/notice.ts';
import { samePerson } from '../domain/person.ts';
import type { Reevaluation } from '../domain/reevaluation.ts';
import { isoTime } from '../domain/time.ts';
import { tell } from './notice.ts';
import type { Run } from './run.ts';
import { scheduledByRule } from './scheduling.ts';
import { inTurn } from './turn.ts';

/**
 * Waits until a round is decided or decide-by has passed; meanwhile reminds those who are missing and asks the escalation
 * group, when the policy says.
 *
 * @param since - ISO 8601: what reminders and escalation count from
 */
export async function awaitDecisions(run: Run, since: string): Promise<void> {
  const { policy, decideBy } = run.change;
  const decided = () => run.change.decisionStatus !== 'pending';
  if (decided()) return;
  tell(run, 'awaiting_decision');
  for (const { kind, at } of dueNotices(policy, since, decideBy)) {
    await run.waitUntil(decided, at);
    if (decided()) return;
    if (kind === 'escalated') await escalate(run);
    // Asking the group may have been enough: it had approved before.
    if (decided()) return;
    tell(run, kind);
  }
  await run.waitUntil(decided, decideBy);
}

/** From here on members of the escalation group may fill seats of the open stage, too. */
async function escalate(run: Run): Promise<void> {
  if (run.change.escalatedAt !== null) return;
  await inTurn(run, async () => {
    if (run.change.decisionStatus !== 'pending') return;
    run.change = withEscalation(run.change, Date.now(), run.executeWithinMs);
    await run.record([escalated(run), ...scheduledByRule(run, run.change)]);
  });
}

/** Approvers have left since they approved: their seats are free again, and the escalation group is asked. */
export async function lapse(run: Run, reevaluation: Reevaluation): Promise<void> {
  await inTurn(run, async () => {
    if (run.change.decisionStatus !== 'approved') return;
    const wasEscalated = run.change.escalatedAt !== null;
    const { lapsed, narrowed, missing } = reevaluation;
    run.change = withLapsed(run.change, reevaluation, Date.now(), run.executeWithinMs);
    run.approvals = run.approvals.filter(
      ({ statement }) => !lapsed.some((person) => samePerson(person, statement.person)),
    );
    const told = {
      lapsed: lapsed.map(({ issuer, subject }) => ({ issuer, subject })),
      narrowed: narrowed.map(({ issuer, subject, directory }) => ({
        issuer,
        subject,
        directory: directory.map((m) => ({ issuer: m.issuer, subject: m.subject, groups: m.groups })),
      })),
      missing: missing.map(({ stage, group, seats }) => ({ stage, group, seats })),
    };
    await run.record([
      run.entry(run.change, 'decision.lapsed', workerActor, told),
      ...(run.change.policy.escalation && !wasEscalated ? [escalated(run)] : []),
      ...scheduledByRule(run, run.change),
    ]);
  });
  if (run.change.policy.escalation && run.change.decisionStatus === 'pending') tell(run, 'escalated');
}

function escalated(run: Run) {
  const { policy, escalatedAt } = run.change;
  const group = policy.escalation?.group ?? null;
  return run.entry(run.change, 'change.escalated', workerActor, { group, escalatedAt });
}

/** When reminders and escalation of a round count from: the submission in the first, its own start in a later one. */
export function roundSince({ round, submittedAt }: Run['change']): string {
  return round === 1 ? submittedAt : isoTime(Date.now());
}
