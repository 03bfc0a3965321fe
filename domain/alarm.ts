/**
 * What somebody on call must look at, each with a code of its own: a log line of level `error` with that code, and
 * `countersign_alarms_total{code}`. docs/operations.md says what to do about each.
 */
export const alarmCodes = [
  'stored_change_differs',
  'stored_rule_differs',
  'policy_digest_differs',
  'policy_out_of_step',
  'operation_out_of_step',
  'log_behind_evidence',
  'log_unsealed',
  'forwarded_log_differs',
  'witness_refuses',
  'ticket_system_unread',
  'payload_unreadable',
  'installation_not_alone',
] as const;

/** An alarm's code. */
export type AlarmCode = (typeof alarmCodes)[number];

/** Raises an alarm. `details` are members of the log line, such as `changeId`. */
export type RaiseAlarm = (
  code: AlarmCode,
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;
