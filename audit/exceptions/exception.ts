/** Why something is to be looked at first; what weighs most comes first. */
export const exceptionKinds = [
  'outcome_unknown',
  'integrity',
  'break_glass',
  'freeze_overridden',
  'reconciled',
  'request_id_repeated',
  'near_freeze',
  'calendar_changed',
  'unsigned_request',
  'two_roles',
  'log_started',
  'log_resumed',
  'key_rotated',
  'witness_gap',
  'policy_revoked',
  'policy_pinned',
  'host_vouched',
  'beginning_unknown',
] as const;
/** One of {@link exceptionKinds}. */
export type ExceptionKind = (typeof exceptionKinds)[number];

/** Something that breaks no rule and that somebody should look at first. */
export interface Exception {
  readonly kind: ExceptionKind;
  /** ISO 8601. */
  readonly time: string | null;
  readonly changeId: string | null;
  /** The entry's place in the log, or null where it follows from several. */
  readonly index: number | null;
  readonly message: string;
}
