import { dueNotices } from '../domain/notice.ts';
import type { ChangeContext } from './change-context.ts';
import { tell } from './notice.ts';

/**
 * Waits until a round is decided or decide-by has passed; meanwhile reminds those who are missing and asks the escalation
 * group, when the policy says. Returns early where the next run should begin, which goes on from there.
 */
export async function awaitApproval(context: ChangeContext): Promise<void> {
  const { policy, decideBy } = context.change;
  const isDecided = () => context.phase !== 'deciding';
  const due = dueNotices(policy, context.asking.since, decideBy);
  const notices = [{ kind: 'awaiting_decision', at: null } as const, ...due];
  for (const { kind, at } of notices.slice(context.asking.told)) {
    if (at !== null) await context.waitUntil(isDecided, at);
    if (isDecided() || context.isFull()) return;
    if (kind === 'escalated') await context.apply({ kind: 'escalate' });
    // Asking the group may have been enough: it had approved before.
    if (isDecided()) return;
    tell(context, kind);
    context.asking = { ...context.asking, told: context.asking.told + 1 };
  }
  await context.waitUntil(isDecided, decideBy);
  if (isDecided() || context.isFull()) return;
  await context.apply({ kind: 'expire' });
}
