import { CountersignError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import type { Generation, Generations } from './generations.ts';
import { logResumed } from './log-entries.ts';
import { newMemory } from './log-memory.ts';
import type { LogMemory } from './log-memory.ts';

/** What an admin says when a signer has refused; recorded in the log. */
export interface AdminDecision {
  readonly reason: string;
  /** Who decides; recorded as it is given, verified by nobody. */
  readonly by: string;
  /** Ms since 1970. */
  readonly now: number;
}

/**
 * Lets a signer that has refused look again: it signs if the log is, by now, the continuation of what it signed, and otherwise
 * refuses again.
 *
 * @throws CountersignError `invalid_request` when it has not refused, or has nothing to continue
 */
export async function resumeSigning(
  memory: Generations<LogMemory>,
  decision: AdminDecision,
): Promise<LogMemory> {
  const { kept, refusal } = await readRefused(memory);
  if (refusal.code === 'memory_missing') {
    throw new CountersignError(
      'invalid_request',
      'the signer has lost its memory, so nothing can be a continuation: bring the memory back, or accept the loss',
    );
  }
  const { origin } = kept.value;
  const { reason, by } = decision;
  const announcement = logResumed({
    origin,
    time: isoTime(decision.now),
    generation: kept.number + 1,
    accepted: { reason, by, refusal: refusal.code },
  });
  return follow(memory, kept, { ...kept.value, refusal: null, announcement });
}

/**
 * Begins another origin after a tree that is lost, since nothing else may be signed under the old one: who has its
 * checkpoints can show that, and when, it ended.
 *
 * @param keys - of the new origin, whose name nobody has used before
 * @throws CountersignError `invalid_request` when the signer has not refused, or the origin is the old one
 */
export async function acceptLoss(
  memory: Generations<LogMemory>,
  next: { readonly origin: string; readonly keys: readonly string[] },
  decision: AdminDecision,
): Promise<LogMemory> {
  const { kept, refusal } = await readRefused(memory);
  const { origin } = kept.value;
  // A memory that is new or an old copy is not what was lost.
  const { size, root } = refusal.known ?? kept.value;
  if (next.origin === origin) {
    throw new CountersignError('invalid_request', `the new origin: expected another than ${origin}`);
  }
  const { reason, by, now } = decision;
  const beginning = {
    ...next,
    time: isoTime(now),
    previous: { origin, size, root },
    accepted: { reason, by, refusal: refusal.code },
  };
  return follow(memory, kept, newMemory(beginning));
}

async function readRefused(memory: Generations<LogMemory>) {
  const kept = await memory.read();
  const refusal = kept?.value.refusal ?? null;
  if (kept === null || refusal === null) {
    throw new CountersignError(
      'invalid_request',
      'the signer has not refused to sign: there is nothing to decide',
    );
  }
  return { kept, refusal };
}

async function follow(
  memory: Generations<LogMemory>,
  kept: Generation<LogMemory>,
  value: LogMemory,
): Promise<LogMemory> {
  const next = await memory.follow(kept, value);
  if (next === null) {
    throw new CountersignError('invalid_request', 'the memory has changed meanwhile: look again');
  }
  return next.value;
}
