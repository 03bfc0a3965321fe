import { randomUUID } from 'node:crypto';
import type { Card } from './cards.ts';

/** A click that somebody makes: `POST /_sim/clicks`. */
export interface SimulatedClick {
  readonly outTrackId: string;
  readonly userId: string;
  readonly action: 'approve' | 'reject';
  readonly comment?: string;
  /** Instead of what the card's buttons carry, such as what they carried before. */
  readonly params?: Readonly<Record<string, string>>;
  readonly corpId?: string;
  /** Of an earlier click: DingTalk pushes it again. */
  readonly messageId?: string;
}

/** Whether a card has this button now, by the template that docs/dingtalk.md asks for. */
export function hasButton(
  { parameters }: Pick<Card, 'parameters'>,
  action: SimulatedClick['action'],
): boolean {
  return parameters[action === 'approve' ? 'canApprove' : 'canReject'] === 'true';
}

/** What a card's buttons carry, by the same template. */
export function buttonParameters({ parameters }: Pick<Card, 'parameters'>): Readonly<Record<string, string>> {
  const { changeId = '', round = '', digest = '' } = parameters;
  return { changeId, round, digest };
}

/** The `data` of the push that a click makes. */
export function clickData(
  card: Card,
  click: SimulatedClick,
  corpId: string,
): Readonly<Record<string, unknown>> {
  const { action, comment = '', params = buttonParameters(card) } = click;
  const [spaceType = '', spaceId = ''] = card.openSpaceId.replace('dtv1.card//', '').split('.', 2);
  const content = { cardPrivateData: { actionIds: [action], params: { ...params, action, comment } } };
  return {
    type: 'actionCallback',
    outTrackId: card.outTrackId,
    corpId: click.corpId ?? corpId,
    userId: click.userId,
    userIdType: 1,
    spaceType,
    spaceId,
    extension: '{}',
    content: JSON.stringify(content),
    value: JSON.stringify(content),
    eventId: randomUUID(),
  };
}
