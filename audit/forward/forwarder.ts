import { setTimeout as delay } from 'node:timers/promises';
import { CountersignError } from '../../domain/error.ts';
import type { RaiseAlarm } from '../../domain/alarm.ts';
import { forwardLog } from './forward-log.ts';
import type { ForwardOptions } from './forward-log.ts';
import { assertKeeps } from './place.ts';

/** Options of {@link startForwarder}. */
export interface ForwarderOptions extends Pick<ForwardOptions, 'db' | 'place' | 'keys' | 'most'> {
  /** How long it rests between two rounds, ms. */
  readonly everyMs: number;
  /** How long it rests where it has met another log, ms; default 10 minutes. */
  readonly refusedMs?: number;
  /** Whether its first round looks at everything again. */
  readonly again?: boolean;
  readonly alarm: RaiseAlarm;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  /** Gets how many entries the place's checkpoint covers after each round. */
  readonly onForwarded?: (size: number) => void;
  /** Gets why nothing is forwarded, or null while all is well. */
  readonly onRefusal?: (code: string | null) => void;
}

/** What a person has to look at: the same again would come to the same. */
const refusals: readonly string[] = ['forwarded_log_differs', 'integrity_conflict', 'log_untrusted'];

/**
 * Forwards the log as it is sealed, in rounds. What passes by itself, such as a place that is away, is tried again in the
 * next round; a place with another log, or a log that does not lead to its checkpoint, raises an alarm, and nothing is
 * written until it is as it should be.
 */
export function startForwarder(options: ForwarderOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = run(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: ForwarderOptions, signal: AbortSignal): Promise<void> {
  const { place, alarm, log, everyMs, refusedMs = 600_000, onForwarded, onRefusal } = options;
  const stopped = (): boolean => signal.aborted;
  let again = options.again ?? false;
  let probed = false;
  while (!stopped()) {
    let restMs = everyMs;
    try {
      if (!probed) await assertKeeps(place, signal);
      probed = true;
      const size = await forwardLog({ ...options, again, signal });
      if (again) log.info({ size }, 'looked at everything again');
      again = false;
      onRefusal?.(null);
      if (size !== null) onForwarded?.(size);
    } catch (error) {
      if (stopped()) return;
      const code = error instanceof CountersignError ? error.code : 'internal_error';
      if (refusals.includes(code)) {
        alarm('forwarded_log_differs', (error as Error).message, { code, place: place.name });
        onRefusal?.(code);
        restMs = refusedMs;
      } else {
        log.warn({ err: error as Error }, 'the log could not be forwarded');
        if (code === 'invalid_configuration') onRefusal?.(code);
      }
    }
    await delay(restMs, undefined, { signal }).catch(() => undefined);
  }
}
