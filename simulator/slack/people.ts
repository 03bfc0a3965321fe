import { createHmac } from 'node:crypto';
import { isObject } from './block-rules.ts';
import { shownMessage } from './methods.ts';
import type { Loose, SlackUser, SlackView, SlackWorkspace } from './workspace.ts';
import { nextSerial, nextTs } from './workspace.ts';

/** What the app made of something that a person did. */
export interface Delivered {
  /** Whether the app answered in time, with 200. If not, Slack tells the person that something went wrong. */
  readonly delivered: boolean;
  readonly status: number | null;
  readonly answer: unknown;
}

/** Where interactions go, and how they are signed. */
export interface Interactivity {
  readonly url: string;
  readonly signingSecret: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the app may take, ms. */
  readonly answerMs: number;
}

/** The headers that a request of Slack's has. @param seconds - since the epoch */
export function signedHeaders(secret: string, seconds: number, body: string): Record<string, string> {
  const mac = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': String(seconds),
    'x-slack-signature': `v0=${mac}`,
  };
}

/** Sends what a person did to the app, as Slack does. */
export async function sendInteraction(payload: Loose, to: Interactivity): Promise<Delivered> {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  try {
    const response = await fetch(to.url, {
      method: 'POST',
      headers: signedHeaders(to.signingSecret, Math.floor(to.now / 1000), body),
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(to.answerMs),
    });
    const text = await response.text();
    return { delivered: response.status === 200, status: response.status, answer: parsed(text) };
  } catch {
    return { delivered: false, status: null, answer: null };
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** The payload of a press of a message's button; null where there is no such button for this person. */
export function pressOf(
  workspace: SlackWorkspace,
  press: { readonly user: string; readonly channel: string; readonly ts: string; readonly actionId: string },
  now: number,
  origin: string,
): Loose | null {
  const user = workspace.users.find(({ id }) => id === press.user);
  const channel = workspace.channels.find(({ id }) => id === press.channel);
  const message = channel?.messages.find(({ ts }) => ts === press.ts);
  if (user === undefined || channel === undefined || message === undefined) return null;
  const found = message.blocks
    .filter((block) => block['type'] === 'actions')
    .flatMap((block) => (block['elements'] as Loose[]).map((button) => ({ block, button })))
    .find(({ button }) => button['action_id'] === press.actionId);
  if (found === undefined) return null;
  const serial = nextSerial(workspace);
  const trigger = `${serial}.${now}.${workspace.team.toLowerCase()}`;
  workspace.triggers[trigger] = { user: user.id, at: now, used: false };
  const path = `/actions/${workspace.team}/${serial}/local${serial}`;
  workspace.responseUrls[path] = { user: user.id, channel: channel.id, ts: message.ts, at: now, uses: 0 };
  return {
    type: 'block_actions',
    ...signedInAs(workspace, user),
    container: { type: 'message', message_ts: message.ts, channel_id: channel.id, is_ephemeral: false },
    trigger_id: trigger,
    channel: { id: channel.id, name: channel.name },
    message: shownMessage(workspace, message, false),
    state: { values: {} },
    response_url: `${origin}${path}`,
    actions: [
      {
        ...found.button,
        block_id: found.block['block_id'] ?? 'b1',
        action_ts: nextTs(workspace, now),
      },
    ],
  };
}

/** The payload of a modal that its person sends off; null where nobody has opened it. */
export function submissionOf(
  workspace: SlackWorkspace,
  { id, user: of, view, hash }: SlackView,
  comment: string | null,
  now: number,
): Loose | null {
  const user = workspace.users.find((one) => one.id === of);
  if (user === undefined) return null;
  const inputs = (view['blocks'] as Loose[]).filter(({ type }) => type === 'input');
  const values = Object.fromEntries(
    inputs.map(({ block_id: block, element }) => {
      const action = isObject(element) ? String(element['action_id']) : '';
      return [String(block), { [action]: { type: 'plain_text_input', value: comment } }];
    }),
  );
  return {
    type: 'view_submission',
    ...signedInAs(workspace, user),
    trigger_id: `${nextSerial(workspace)}.${now}.${workspace.team.toLowerCase()}`,
    view: { ...view, id, hash, team_id: workspace.team, app_id: workspace.app, state: { values } },
    response_urls: [],
  };
}

function signedInAs({ team, app }: SlackWorkspace, { id, team: own, name }: SlackUser): Loose {
  return {
    team: { id: team, domain: 'local' },
    user: { id, username: name, name, team_id: own },
    api_app_id: app,
    token: 'deprecated',
    enterprise: null,
    is_enterprise_install: false,
  };
}

/** What becomes of a modal by the app's answer to its sending off. */
export function applyAnswer(
  workspace: SlackWorkspace,
  shown: SlackView,
  { delivered, answer }: Delivered,
): void {
  if (!delivered) return;
  const { response_action: action, errors, view } = isObject(answer) ? answer : {};
  if (action === 'errors' && isObject(errors)) {
    shown.errors = errors;
  } else if (action === 'update' && isObject(view)) {
    shown.view = view;
    shown.errors = {};
    shown.hash = `${shown.hash}u`;
  } else {
    workspace.views = workspace.views.filter((other) => other !== shown);
  }
}
