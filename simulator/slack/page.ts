import { isObject } from './block-rules.ts';
import type { Loose, SlackMessage, SlackWorkspace } from './workspace.ts';

/** A page that shows what the channels hold, and which modals are open. HTML. */
export function slackPage({ team, channels, views }: SlackWorkspace): string {
  const shown = channels.map(
    ({ id, name, messages, ephemerals }) => `<h2>#${html(name)} <small>${html(id)}</small></h2>
${messages.map(messageHtml).join('\n') || '<p>No message.</p>'}
${ephemerals.map(({ user, text }) => `<p><i>only ${html(user)} sees:</i> ${html(text)}</p>`).join('\n')}`,
  );
  const modals = views.map(
    ({ id, user, view, errors }) =>
      `<section><b>${html(id)}</b> of ${html(user)}: ${textsOf(view).map(html).join('<br>')}
<p>${html(JSON.stringify(errors))}</p></section>`,
  );
  return `<!doctype html><meta charset="utf-8"><title>Local Slack</title>
<style>body{font:15px sans-serif;max-width:50em;margin:2em auto}section{border:1px solid #bbb;padding:.5em 1em;margin:1em 0}</style>
<h1>Local Slack, workspace ${html(team)}</h1>
<p>Everything here is forgotten when it stops. No message leaves this machine.</p>
${shown.join('\n')}
<h2>Open modals</h2>
${modals.join('\n') || '<p>None.</p>'}`;
}

function messageHtml({ ts, blocks, edits, thread_ts: thread }: SlackMessage): string {
  const buttons = blocks
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements }) => elements as Loose[])
    .map((button) => `<button disabled>${textsOf(button).map(html).join(' ')}</button>`);
  const texts = blocks.filter(({ type }) => type !== 'actions').flatMap(textsOf);
  const reply = thread === null ? '' : `, a reply to ${html(thread)}`;
  return `<section><small>${html(ts)}${reply}, edited ${edits} times</small><p>${texts.map(html).join('<br>')}</p>
${buttons.join(' ')}</section>`;
}

/** Every text object within, in order. */
function textsOf(of: unknown): string[] {
  if (Array.isArray(of)) return of.flatMap(textsOf);
  if (!isObject(of)) return [];
  const { type, text } = of;
  if ((type === 'plain_text' || type === 'mrkdwn') && typeof text === 'string') return [text];
  return Object.values(of).flatMap(textsOf);
}

/** Slack's own escapes are undone first: what comes is HTML of ours or text of people's, never markup of theirs. */
function html(text: string): string {
  const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
