/** Something that could not have happened, as a stable code. */
export type Illogical =
  | 'not_requested'
  | 'requested_twice'
  | 'out_of_order'
  | 'after_close'
  | 'closed_twice'
  | 'closed_otherwise'
  | 'round_out_of_order'
  | 'digest_differs'
  | 'policy_differs'
  | 'operation_differs'
  | 'policy_not_pinned'
  | 'policy_pinned_twice'
  | 'policy_not_in_force'
  | 'decision_not_awaited'
  | 'decision_not_allowed'
  | 'statement_missing'
  | 'statement_differs'
  | 'statement_repeated'
  | 'writer_missing'
  | 'scheduled_without_approval'
  | 'not_pending'
  | 'not_approved'
  | 'not_by_operator'
  | 'withdrawn_after_call'
  | 'called_after_stop'
  | 'stop_out_of_order'
  | 'review_not_allowed'
  | 'attempt_without_approval'
  | 'attempt_out_of_time'
  | 'attempt_out_of_order'
  | 'attempt_not_started'
  | 'attempt_ended_twice'
  | 'called_in_freeze'
  | 'called_outside_window'
  | 'called_under_revoked_policy'
  | 'override_not_allowed'
  | 'freeze_out_of_order'
  | 'not_by_admin'
  | 'token_not_valid'
  | 'review_owed'
  | 'break_glass_not_allowed'
  | 'target_taken'
  | 'ticket_taken'
  | 'requested_otherwise'
  | 'declaration_differs'
  | 'target_differs'
  | 'escalation_not_due'
  | 'expired_early'
  | 'dated_after_witness'
  | 'dated_before_witness'
  | 'ticket_not_checked'
  | 'ticket_misjudged'
  | 'ticket_differs';

/** One finding about one entry. */
export interface Problem {
  readonly code: Illogical;
  readonly message: string;
}

/** Where problems go. */
export type Report = (code: Illogical, message: string) => void;
