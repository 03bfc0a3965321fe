import { z } from 'zod';
import { sha256Hex } from '../../domain/text-schema.ts';
import type { Change } from '../../domain/change.ts';

/** What a person may choose in Slack. */
export type Choice = 'approve' | 'reject';

/** What a button asks about: one round of one change, as its digest says it. */
export interface Question {
  readonly changeId: string;
  readonly round: number;
  /** SHA-256, lower-case hex. */
  readonly digest: string;
}

const actions = { approve: 'countersign.approve', reject: 'countersign.reject' } as const;

/** The `callback_id` of the modal in which a decision is said. */
export const modalName = 'countersign.decision';
/** Where the modal has the comment. */
export const commentInput = { block: 'countersign.comment', action: 'comment' } as const;

/** The `action_id` of a choice's button. */
export function actionId(choice: Choice): string {
  return actions[choice];
}

/** The choice that an `action_id` stands for; null for one that is not ours. */
export function choiceOf(id: unknown): Choice | null {
  if (id === actions.approve) return 'approve';
  return id === actions.reject ? 'reject' : null;
}

const questionSchema = z.strictObject({
  change: z.uuid(),
  round: z.int().min(1).max(1_000_000),
  digest: sha256Hex,
});

const keptSchema = questionSchema.extend({
  action: z.enum(['approve', 'reject']),
  // A press's address is Slack's: who reads it back looks at its host again.
  respond: z.string().max(2000).nullable(),
});

/** The question as a button's value: JSON, far below the 2000 characters that Slack allows. */
export function questionText({ changeId, round, digest }: Question): string {
  return JSON.stringify({ change: changeId, round, digest });
}

/** What the modal keeps between the press and its sending off (`private_metadata`). */
export function keptText(question: Question, action: Choice, responseUrl: string | null): string {
  const { changeId, round, digest } = question;
  return JSON.stringify({ change: changeId, round, digest, action, respond: responseUrl });
}

/** Reads {@link questionText}; null where it is nothing of ours. */
export function readQuestion(text: unknown): Question | null {
  const { success, data } = questionSchema.safeParse(parsed(text));
  return success ? { changeId: data.change, round: data.round, digest: data.digest } : null;
}

/** Reads {@link keptText}; null where it is nothing of ours. */
export function readKept(
  text: unknown,
): { readonly question: Question; readonly action: Choice; readonly responseUrl: string | null } | null {
  const { success, data } = keptSchema.safeParse(parsed(text));
  if (!success) return null;
  const { change, round, digest, action, respond } = data;
  return { question: { changeId: change, round, digest }, action, responseUrl: respond };
}

/** What a change asks now; null where nothing of it is to be decided. */
export function questionOf(change: Change): Question | null {
  const { id, round, digest, decisionStatus, missing, reason, closedAt } = change;
  const isOpen = decisionStatus === 'pending' && missing.length > 0 && reason === null && closedAt === null;
  return isOpen && digest !== null ? { changeId: id, round, digest } : null;
}

/** Whether two ask the same. */
export function sameQuestion(a: Question, b: Question): boolean {
  return a.changeId === b.changeId && a.round === b.round && a.digest === b.digest;
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string' || text.length > 3000) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
