import { z } from 'zod';
import type { JsonObject } from '../domain/json.ts';
import type { Delivery } from './sink.ts';

const phase = z.enum(['new', 'in_progress', 'done', 'cancelled']);

const schema = z.object({
  /** The ticket's id; null: not known yet. */
  ticket: z.string().nullable().default(null),
  /** Whether we made it. */
  made: z.boolean().default(false),
  /** When a creation was begun whose end is not known, ISO 8601. */
  intent: z.string().nullable().default(null),
  /** Whether its page links to the change, and the log has it. */
  linked: z.boolean().default(false),
  /** The phase in which we left it, or found it at first. */
  set: phase.nullable().default(null),
  /** How often somebody has moved it away from there. */
  moves: z.int().default(0),
  /** To where they moved it, until it is where it should be. */
  found: phase.nullable().default(null),
  /** A way of ours that was begun and is not known to have ended: a kill may have left the ticket anywhere on it. */
  way: z.object({ from: phase, to: phase }).nullable().default(null),
  /** Whether it is left alone, because people want it otherwise. */
  left: z.boolean().default(false),
  /** Whether a last look for a second ticket has been taken. */
  looked: z.boolean().default(false),
});
/** What is kept of a change's ticket between two deliveries. */
export type TicketMemory = z.infer<typeof schema>;

/** A delivery's memory, read and written. */
export interface Keeping {
  readonly memory: TicketMemory;
  /** Keeps the members that have changed, at once. @throws Error when the delivery is somebody else's by now */
  keep(changes: Partial<TicketMemory>): Promise<void>;
  /** Begins anew, as for a change whose ticket is not known. @throws as `keep` */
  forget(): Promise<void>;
}

/** See {@link Keeping}. */
export function keepingOf(delivery: Pick<Delivery, 'memory' | 'remember'>): Keeping {
  let memory = schema.parse(delivery.memory ?? {});
  return {
    get memory() {
      return memory;
    },
    async keep(changes) {
      const next = { ...memory, ...changes };
      const isNew = Object.entries(changes).some(
        ([name, value]) => JSON.stringify(memory[name as keyof TicketMemory]) !== JSON.stringify(value),
      );
      if (!isNew) return;
      await delivery.remember(next satisfies JsonObject);
      memory = next;
    },
    async forget() {
      const next = schema.parse({});
      await delivery.remember(next satisfies JsonObject);
      memory = next;
    },
  };
}
