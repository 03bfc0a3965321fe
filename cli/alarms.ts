import type { Meter } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { alarmCodes } from '../domain/alarm.ts';
import type { AlarmCode, RaiseAlarm } from '../domain/alarm.ts';

/** The alarms of one process. */
export interface Alarms {
  readonly raise: RaiseAlarm;
  /** How often each was raised since the process began. */
  readonly counts: ReadonlyMap<AlarmCode, number>;
}

/** Raises alarms as log lines of level `error`, and counts them. */
export function makeAlarms(log: Pick<Logger, 'error'>): Alarms {
  const counts = new Map<AlarmCode, number>(alarmCodes.map((code) => [code, 0]));
  return {
    counts,
    raise(code, message, details = {}) {
      counts.set(code, (counts.get(code) ?? 0) + 1);
      log.error({ ...details, alarm: code }, message);
    },
  };
}

/** `countersign_alarms_total{code}`. Each code is there from the start, so that the first alarm is an increase. */
export function observeAlarms(meter: Meter, { counts }: Pick<Alarms, 'counts'>): void {
  meter
    .createObservableCounter('countersign_alarms', { description: 'Alarms raised, by code.' })
    .addCallback((result) => {
      for (const [code, count] of counts) result.observe(count, { code });
    });
}
