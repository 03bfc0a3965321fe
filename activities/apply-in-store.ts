import { eventIn } from '../domain/event-in.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import type { EventType } from '../domain/entry.ts';
import { decide } from '../domain/decide.ts';
import { listByKeys } from '../audit/list-by-keys.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { listAttempts } from '../store/list-attempts.ts';
import type { Applied, StoreCommand } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { assertSigned, keyOf, lockedChange, writeEvents } from './write-events.ts';
import type { Writer } from './write-events.ts';

/**
 * See `applyInStore` of {@link ./contract.ts}. An attempt begins, is marked as sent and ends only while its change's row
 * is free: with it locked here, each comes wholly before or wholly after.
 */
export function applyInStore(
  { pool, verifyStatement }: Pick<ActivityDependencies, 'pool' | 'verifyStatement'>,
  { changeId, command, now, ordinals }: StoreCommand,
  writer: Writer,
): Promise<Applied> {
  return inTransaction(pool, async (client) => {
    const kept = await lockedChange(client, changeId);
    if (command.kind === 'request') assertSigned(changeId, [command.request.signed], verifyStatement);
    // A repeat says what was said before, whatever the attempt came to since.
    const keys = Object.entries(ordinals).map(([type, ordinal]) =>
      keyOf(writer, changeId, type as EventType, ordinal),
    );
    const written = (await listByKeys(client, keys)).flatMap((body) => eventIn(body) ?? []);
    if (written.length > 0) return { events: written };
    const attempts = await listAttempts(client, changeId);
    const verdict = decide(kept, command, { now, called: attempts.some(mayHaveBeenSent) });
    if ('refusal' in verdict) {
      const { code, message } = verdict.refusal;
      return { refusal: { code, message } };
    }
    const { events } = verdict;
    const numbered = events.map((event) => ({ event, ordinal: ordinals[event.type] ?? 1 }));
    await writeEvents(client, kept, numbered, writer);
    return { events };
  });
}
