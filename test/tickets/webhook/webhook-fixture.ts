import { randomUUID } from 'node:crypto';
import type { Change } from '../../../domain/change.ts';
import { requestedEvent } from '../../../domain/change-event.ts';
import { changeMembers, newEntryBody } from '../../../domain/entry.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { eventIn } from '../../../domain/event-in.ts';
import { fold } from '../../../domain/fold.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { DeliveredEntry, Delivery } from '../../../tickets/sink.ts';
import { change as changeFixture } from '../../store/change-fixture.ts';

/** A change that was asked for, with further entries of these types. */
export function history(
  more: Partial<Change> = {},
  ...others: (Pick<EntryBody, 'type'> & JsonObject)[]
): { change: Change; entries: DeliveredEntry[] } {
  const change = changeFixture({ id: randomUUID(), ...more });
  const request = { ...change, executeWithinMs: change.policy.executeWithinMs };
  const requested = requestedEvent({ ...request, submission: null, idempotency: null, source: null }, null);
  const bodies = [
    newEntryBody({ ...changeMembers(change), ...(requested as unknown as EntryBody) }),
    ...others.map((members) =>
      newEntryBody({
        ...changeMembers(change),
        time: '2026-11-24T09:00:01.000Z',
        actor: { process: 'worker' },
        ...members,
      }),
    ),
  ];
  const entries = bodies.map((body, n) => ({
    index: n * 3,
    key: `default/change-${change.id}/${body.type}/${n}`,
    body,
  }));
  const folded = fold(bodies.flatMap((body) => eventIn(body, () => change.policy) ?? []));
  return { change: folded?.change ?? change, entries };
}

/** A delivery of all entries of a history. */
export function deliveryOf({ change, entries }: ReturnType<typeof history>): Delivery {
  return {
    subscription: 'test',
    change,
    entries,
    history: entries,
    memory: null,
    remember: () => Promise.resolve(),
    signal: AbortSignal.timeout(20_000),
  };
}
