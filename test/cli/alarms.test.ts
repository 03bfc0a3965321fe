import { expect, it } from 'vitest';
import { makeAlarms } from '../../cli/alarms.ts';

it('an alarm is a log line of level error with its code, and is counted', () => {
  const lines: unknown[][] = [];
  const alarms = makeAlarms({ error: (...line: unknown[]) => void lines.push(line) });
  alarms.raise('log_unsealed', 'entries wait', { seconds: 40, alarm: 'another' });
  alarms.raise('log_unsealed', 'entries wait');
  expect(lines).toEqual([
    [{ seconds: 40, alarm: 'log_unsealed' }, 'entries wait'],
    [{ alarm: 'log_unsealed' }, 'entries wait'],
  ]);
  expect(alarms.counts.get('log_unsealed')).toBe(2);
  expect(alarms.counts.get('witness_refuses')).toBe(0);
});
