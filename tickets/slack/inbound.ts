import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Choice, Question } from './question.ts';
import { choiceOf, commentInput, modalName, readKept, readQuestion } from './question.ts';
import { mayRespondAt } from './respond.ts';
import type { RawRequest, SignatureFault } from './signature.ts';
import { signatureFault } from './signature.ts';

/** What a mapped person did in Slack: pressed a button, or sent the modal off. Only the second is a decision. */
export interface SlackInteraction extends Question {
  readonly kind: 'click' | 'submission';
  /** The account that did it, with the workspace that the account belongs to, which may be another one in a shared channel. */
  readonly user: { readonly team: string; readonly id: string };
  readonly action: Choice;
  /** Of a press empty. */
  readonly comment: string;
  /** What opens the modal, for 3 s; of a press alone. */
  readonly triggerId: string | null;
  /** Where the person can be answered, 5 times within 30 minutes; null where Slack gave none at an address of its own. */
  readonly responseUrl: string | null;
  /** The same for the same bytes at the same time, and for nothing else. */
  readonly deliveryId: string;
}

/** What came of a request. `ignored`: Slack's, and nothing that is for us. `refused`: nobody may act on it. */
export type SlackInbound =
  | SlackInteraction
  | { readonly kind: 'ignored'; readonly deliveryId: string }
  | {
      readonly kind: 'refused';
      readonly why: SignatureFault | 'malformed' | 'other_workspace';
    };

/** What a request is judged by. */
export interface SlackVerification {
  /** The app's signing secrets: two while one is replaced. */
  readonly secrets: readonly string[];
  /** The workspace, or the organisation, from which alone is taken. */
  readonly team: string;
  /** Slack's address, as the settings have it. */
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const id = z.string().regex(/^[A-Z0-9]{1,30}$/);
const place = z.looseObject({ id }).nullish();
const sender = z.looseObject({ id, team_id: id });
const from = { team: place, enterprise: place, user: sender };

const pressSchema = z.looseObject({
  type: z.literal('block_actions'),
  ...from,
  trigger_id: z.string().min(1).max(200),
  response_url: z.string().max(2000).optional(),
  actions: z.array(z.looseObject({ action_id: z.string().max(255), value: z.string().max(2000).optional() })),
});

/** More than any comment: what is wrong with one is told to the person, where the decision is judged. */
const longestInput = 10_000;
const inputs = z.record(
  z.string(),
  z.record(z.string(), z.looseObject({ value: z.string().max(longestInput).nullish() })),
);

const sendingSchema = z.looseObject({
  type: z.literal('view_submission'),
  ...from,
  view: z.looseObject({
    callback_id: z.string().max(255),
    private_metadata: z.string().max(3000),
    state: z.looseObject({ values: inputs }),
  }),
});

/**
 * Reads a request of Slack's interactivity: verified as {@link signatureFault} says, then read strictly. It says who pressed
 * what; whether that counts is for others to judge.
 */
export function readSlackInbound(request: RawRequest, given: SlackVerification): SlackInbound {
  const fault = signatureFault(request, given.secrets, given.now);
  if (fault !== null) return { kind: 'refused', why: fault };
  const timestamp = String(request.headers['x-slack-request-timestamp']);
  const mac = createHash('sha256').update(`v0:${timestamp}:`).update(request.raw).digest('hex');
  const deliveryId = `slack-${mac}`;
  const payload = payloadOf(request.raw);
  if (payload === null) return { kind: 'refused', why: 'malformed' };
  const kind = (payload as { readonly type?: unknown }).type;
  if (kind !== 'block_actions' && kind !== 'view_submission') return { kind: 'ignored', deliveryId };
  return kind === 'block_actions'
    ? readPress(payload, deliveryId, given)
    : readSending(payload, deliveryId, given);
}

function readPress(payload: object, deliveryId: string, given: SlackVerification): SlackInbound {
  const { success, data } = pressSchema.safeParse(payload);
  if (!success) return { kind: 'refused', why: 'malformed' };
  if (!isFrom(data, given.team)) return { kind: 'refused', why: 'other_workspace' };
  const [pressed, ...others] = data.actions;
  const action = choiceOf(pressed?.action_id);
  if (action === null) return { kind: 'ignored', deliveryId };
  const question = readQuestion(pressed?.value);
  if (question === null || others.length > 0) return { kind: 'refused', why: 'malformed' };
  const { user, trigger_id: triggerId, response_url: url = '' } = data;
  return {
    kind: 'click',
    user: { team: user.team_id, id: user.id },
    action,
    ...question,
    comment: '',
    triggerId,
    responseUrl: mayRespondAt(url, given.url) ? url : null,
    deliveryId,
  };
}

function readSending(payload: object, deliveryId: string, given: SlackVerification): SlackInbound {
  const { success, data } = sendingSchema.safeParse(payload);
  if (!success) return { kind: 'refused', why: 'malformed' };
  const { user, view } = data;
  if (!isFrom(data, given.team)) return { kind: 'refused', why: 'other_workspace' };
  if (view.callback_id !== modalName) return { kind: 'ignored', deliveryId };
  const kept = readKept(view.private_metadata);
  if (kept === null) return { kind: 'refused', why: 'malformed' };
  const { question, action, responseUrl } = kept;
  return {
    kind: 'submission',
    user: { team: user.team_id, id: user.id },
    action,
    ...question,
    comment: view.state.values[commentInput.block]?.[commentInput.action]?.value ?? '',
    triggerId: null,
    responseUrl: responseUrl !== null && mayRespondAt(responseUrl, given.url) ? responseUrl : null,
    deliveryId,
  };
}

interface From {
  readonly team?: { readonly id: string } | null | undefined;
  readonly enterprise?: { readonly id: string } | null | undefined;
}

function isFrom({ team, enterprise }: From, expected: string): boolean {
  return team?.id === expected || enterprise?.id === expected;
}

/** The JSON in the one field `payload` of a form; null for anything else. */
function payloadOf(raw: Uint8Array): object | null {
  try {
    const form = new URLSearchParams(new TextDecoder('utf-8', { fatal: true }).decode(raw));
    const [payload, ...others] = form.getAll('payload');
    if (payload === undefined || others.length > 0) return null;
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
