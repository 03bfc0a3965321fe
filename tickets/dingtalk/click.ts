import { z } from 'zod';

/** One click on a card's button, by somebody whom DingTalk names. It is not signed: see docs/dingtalk.md. */
export interface DingTalkClick {
  /** The organization and the id of the member in it. */
  readonly user: { readonly corp: string; readonly id: string };
  readonly action: 'approve' | 'reject';
  readonly changeId: string;
  readonly round: number;
  readonly digest: string;
  readonly comment: string;
  /** DingTalk's id of the push: a repeat has the same. */
  readonly deliveryId: string;
}

/** Why a push is no click that counts. */
export type NoClick = 'malformed' | 'other_organization' | 'other_card' | 'nothing_asked' | 'long_comment';

/** Most characters of a comment, as the API takes it. */
const longestComment = 2000;

/** The shape of {@link DingTalkClick}, for whoever has it from elsewhere. */
export const clickSchema = z.strictObject({
  user: z.strictObject({ corp: z.string().min(1).max(200), id: z.string().min(1).max(200) }),
  action: z.enum(['approve', 'reject']),
  changeId: z.uuid(),
  round: z.int().min(1).max(1_000_000),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  comment: z.string().max(longestComment),
  deliveryId: z.string().min(1).max(200),
});

// DingTalk may add members at any time, so others are let pass here.
const pushed = z.object({
  outTrackId: z.string().max(200),
  corpId: z.string().min(1).max(200),
  userId: z.string().min(1).max(200),
  // 1: the member's id in the organization; 2 would be a unionId, which nobody has mapped.
  userIdType: z.union([z.literal(1), z.literal('1')]).optional(),
  content: z.string().max(20_000),
});
const content = z.object({
  cardPrivateData: z.object({
    actionIds: z.array(z.string().max(200)).max(20).optional(),
    params: z.record(z.string(), z.unknown()),
  }),
});
const parameters = z.object({
  action: z.string().max(20),
  changeId: z.string().max(100),
  round: z.union([z.string().regex(/^([1-9][0-9]{0,6})?$/), z.number()]),
  digest: z.string().max(100),
  comment: z.string().default(''),
});

/**
 * The click that a push on the card topic tells of.
 *
 * @param data - the `data` of its frame: JSON
 * @param expected - `corpId`: the one organization whose members count
 */
export function clickIn(
  data: string,
  expected: { readonly corpId: string; readonly deliveryId: string },
): { readonly click: DingTalkClick; readonly outTrackId: string } | { readonly none: NoClick } {
  const push = pushed.safeParse(parsed(data));
  if (!push.success) return { none: 'malformed' };
  const { corpId, userId, outTrackId } = push.data;
  if (corpId !== expected.corpId) return { none: 'other_organization' };
  const inner = content.safeParse(parsed(push.data.content));
  const asked = parameters.safeParse(inner.data?.cardPrivateData.params);
  if (!asked.success) return { none: 'malformed' };
  const { action, changeId, round, digest, comment } = asked.data;
  // The buttons of a change that asks nobody any more carry nothing.
  if (changeId === '' && digest === '') return { none: 'nothing_asked' };
  if (comment.trim().length > longestComment) return { none: 'long_comment' };
  const click = clickSchema.safeParse({
    user: { corp: corpId, id: userId },
    action,
    changeId,
    round: Number(round),
    digest,
    comment: comment.trim(),
    deliveryId: expected.deliveryId,
  });
  if (!click.success) return { none: 'malformed' };
  // A button asks for a decision of the change whose card it is on, and of no other.
  if (!outTrackId.startsWith(`cs-${changeId}-`)) return { none: 'other_card' };
  return { click: click.data, outTrackId };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
