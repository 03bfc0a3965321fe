/**
 * Every code of ours, once, with the HTTP status that it becomes (RFC 9457 problem+json). The same code is the type of
 * the Temporal ApplicationFailure that carries it over a process boundary.
 */
export const httpStatusOfCode = {
  invalid_request: 400,
  invalid_json: 400,
  region_not_served: 400,
  body_too_large: 413,
  unsupported_media_type: 415,
  unauthenticated: 401,
  forbidden: 403,
  no_policy: 403,
  missing_role: 403,
  self_approval: 403,
  self_review: 403,
  break_glass_not_allowed: 403,
  not_an_approver: 403,
  policy_revoked: 403,
  host_not_allowed: 403,
  token_needed: 403,
  stronger_authentication_needed: 403,
  channel_not_allowed: 403,
  account_not_mapped: 403,
  not_found: 404,
  method_not_allowed: 405,
  open_change_exists: 409,
  ticket_taken: 409,
  ticket_not_found: 409,
  ticket_not_allowed: 409,
  ticket_other_target: 409,
  ticket_closed: 409,
  ticket_on_hold: 409,
  ticket_not_approved: 409,
  ticket_outside_window: 409,
  ticket_unreachable: 503,
  change_closed: 409,
  already_stopped: 409,
  change_exhausted: 409,
  already_decided: 409,
  policy_unsatisfiable: 409,
  review_owed: 409,
  nothing_decided: 409,
  stage_resolved: 409,
  review_not_owed: 409,
  already_reviewed: 409,
  not_awaiting_decision: 409,
  decide_by_passed: 409,
  too_many_changes_of_mind: 409,
  call_started: 409,
  not_approved: 409,
  not_running: 409,
  not_paused: 409,
  freeze_ended: 409,
  subscription_exists: 409,
  stored_change_differs: 409,
  digest_mismatch: 412,
  key_reused: 422,
  comment_required: 422,
  rate_limited: 429,
  internal_error: 500,
  engine_rejected: 500,
  engine_denied: 500,
  engine_unavailable: 503,
  engine_busy: 503,
  engine_failed: 503,
  policy_out_of_step: 503,
  operation_out_of_step: 503,
  log_unavailable: 503,
  change_not_here: 503,
  not_sealed: 503,
  identity_unavailable: 503,
  api_unavailable: 503,
  place_unavailable: 503,
  outcome_not_known: 503,
  payload_unreadable: 503,
  malformed_evidence: 400,
  bad_signature: 500,
  bad_proof: 500,
  log_untrusted: 500,
  integrity_conflict: 500,
  forwarded_log_differs: 500,
  policy_digest_differs: 500,
  invalid_configuration: 500,
} as const;

/** A code of ours; see docs/errors.md for each. */
export type ErrorCode = keyof typeof httpStatusOfCode;

/** What exactly is wrong with which field. */
export interface FieldError {
  /** The field's path in the body, dotted: `input.sn`; or a header's or parameter's name. */
  readonly field: string;
  /** The rule that it broke, a stable word such as `max_bytes`. */
  readonly rule: string;
  readonly message: string;
}

/** The one error class: its code decides everything, its message says what was expected and what was got. */
export class CountersignError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  readonly extra: Readonly<Record<string, string | number>>;
  constructor(
    code: ErrorCode,
    message: string,
    options: {
      errors?: readonly FieldError[];
      /** Further members of the problem body, such as `changeId`. */
      extra?: Readonly<Record<string, string | number>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CountersignError';
    this.code = code;
    this.errors = options.errors ?? [];
    this.extra = options.extra ?? {};
  }
}

/**
 * What a rule answers: what it allows, or the refusal, which nobody has thrown. Functions `judge…` and `refusal…` answer so,
 * `may…` answers a boolean, and `assert…` throws.
 */
export type Judged<T> = T | CountersignError;

/** Whether a rule's answer is a refusal. */
export function isRefused(judged: unknown): judged is CountersignError {
  return judged instanceof CountersignError;
}

/**
 * What a rule allows, for whoever has to stop otherwise.
 * @throws CountersignError the refusal, where the rule answers one
 */
export function allowed<T>(judged: Judged<T>): T {
  if (isRefused(judged)) throw judged;
  return judged;
}

/** What says nothing of how far something had come; an answer of Temporal's that cannot be read is one, too. */
const unclear: ReadonlySet<ErrorCode> = new Set([
  'outcome_not_known',
  'internal_error',
  'payload_unreadable',
]);

/**
 * Whether what failed with a code may have taken effect all the same: the engine may have got it, or something failed of
 * which nobody knows how far it had come.
 */
export function mayHaveTakenEffect(code: ErrorCode): boolean {
  return unclear.has(code) || code.startsWith('engine_');
}

/** Whether a string, such as an ApplicationFailure's type, is a code of ours. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(httpStatusOfCode, value);
}
