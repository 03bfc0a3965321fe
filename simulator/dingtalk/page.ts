import { hasButton } from './click.ts';
import type { Card } from './cards.ts';
import type { RobotMessage } from './robot.ts';

/** A page with what the local DingTalk holds. */
export function dingTalkPage(
  messages: readonly RobotMessage[],
  cards: readonly Card[],
  connections: number,
): string {
  const shownCards = cards.map((card) => {
    const { title = '', status = '', text = '' } = card.parameters;
    const buttons = (['approve', 'reject'] as const).filter((action) => hasButton(card, action));
    const told = Object.entries(card.privateData).map(
      ([userId, { notice = '' }]) => `<p><small>only ${escaped(userId)} sees: ${escaped(notice)}</small></p>`,
    );
    return `<article><h3>${escaped(title)}</h3><p>${escaped(status)}</p><pre>${escaped(text)}</pre>${told.join('')}
<p>${buttons.map((action) => `<button disabled>${action}</button>`).join(' ') || 'no buttons'}</p>
<p><small>${escaped(card.outTrackId)}, shown ${card.shown} times</small></p></article>`;
  });
  const shownMessages = messages.map(
    ({ at, body }) =>
      `<article><p><small>${escaped(at)}</small></p><pre>${escaped(JSON.stringify(body, null, 2))}</pre></article>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Local DingTalk</title>
<style>body{font:16px system-ui;margin:2rem auto;max-width:50rem}article{border:1px solid #999;padding:0 1rem;margin:1rem 0}pre{white-space:pre-wrap}</style>
<h1>Local DingTalk</h1><p>Stream connections: ${connections}</p>
<h2>Cards</h2>${shownCards.join('\n') || '<p>none</p>'}
<h2>Messages of robots</h2>${shownMessages.join('\n') || '<p>none</p>'}</html>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
