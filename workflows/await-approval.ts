import { dueNotices } from '../domain/notice.ts';
import type { ChangeContext } from './change-context.ts';

/**
 * Waits until a round is decided or decide-by has passed; meanwhile reminds those who are missing and asks the escalation
 * group, when the policy says. Each is an entry, and whoever brings entries to people tells them. Returns early where the next
 * run should begin, which goes on from there.
 */
export async function awaitApproval(context: ChangeContext): Promise<void> {
  const { policy, decideBy } = context.change;
  const isDecided = () => context.phase !== 'deciding';
  const due = dueNotices(policy, context.asking.since, decideBy);
  for (const { kind, at } of due.slice(context.asking.told)) {
    await context.waitUntil(isDecided, at);
    if (isDecided() || context.isFull()) return;
    await context.apply({ kind: kind === 'escalated' ? 'escalate' : 'remind' });
    // Asking the group may have been enough: it had approved before.
    if (isDecided()) return;
    context.asking = { ...context.asking, told: context.asking.told + 1 };
  }
  await context.waitUntil(isDecided, decideBy);
  if (isDecided() || context.isFull()) return;
  await context.apply({ kind: 'expire' });
}
