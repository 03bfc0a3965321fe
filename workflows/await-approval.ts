import { dueNotices } from '../domain/notice.ts';
import type { ChangeContext } from './change-context.ts';
import { tell } from './notice.ts';

/**
 * Waits until a round is decided or decide-by has passed; meanwhile reminds those who are missing and asks the escalation
 * group, when the policy says.
 */
export async function awaitApproval(context: ChangeContext): Promise<void> {
  const { policy, decideBy } = context.change;
  const isDecided = () => context.phase !== 'deciding';
  tell(context, 'awaiting_decision');
  for (const { kind, at } of dueNotices(policy, context.askedSince, decideBy)) {
    await context.waitUntil(isDecided, at);
    if (isDecided()) return;
    if (kind === 'escalated') await context.apply({ kind: 'escalate' });
    // Asking the group may have been enough: it had approved before.
    if (isDecided()) return;
    tell(context, kind);
  }
  await context.waitUntil(isDecided, decideBy);
  if (!isDecided()) await context.apply({ kind: 'expire' });
}
