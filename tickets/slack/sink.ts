import { createHash } from 'node:crypto';
import type { Change } from '../../domain/change.ts';
import { isoTime } from '../../domain/time.ts';
import { RemoteError } from '../remote-error.ts';
import { reminderIn } from '../reminder.ts';
import type { Delivery, Sink } from '../sink.ts';
import type { PresentedLine } from './change-text.ts';
import { findMessages } from './find-message.ts';
import type { SlackMemory } from './memory.ts';
import { readMemory } from './memory.ts';
import type { SlackContent } from './message.ts';
import { messageOf, reminderMessage, replacedMessage } from './message.ts';
import type { Choice } from './question.ts';
import { questionOf } from './question.ts';
import type { SlackSettings } from './settings.ts';
import type { SlackArguments } from './web-api.ts';
import { mayBeDone, slackCaller, slackError } from './web-api.ts';

/** What the sink works with. */
export interface SlackSinkDependencies {
  /** The app's bot token. */
  readonly token: string;
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** A page of the change for people; null where there is none. */
  readonly linkOf: (changeId: string) => string | null;
  /** Which buttons count under the change's policy, in order; none where it does not name this channel. */
  readonly choicesOf: (change: Change) => readonly Choice[];
  /** What was read, line by line, of the target and of the change's ticket; null where this process cannot say it so. */
  readonly presentedOf: (delivery: Pick<Delivery, 'change' | 'history'>) => readonly PresentedLine[] | null;
  /** How long a new message may not be in the channel's history, ms; default 15 s. */
  readonly historyLagMs?: number;
  /** How long a call of Slack may take, ms; default 10 s. */
  readonly timeoutMs?: number;
}

/** How far Slack's clock and ours may be apart, ms: Slack's own signatures allow 5 minutes. */
const clocksApartMs = 10 * 60_000;
/** Whoever deletes our messages wins after so many. */
const mostPostedAgain = 3;

/**
 * One message for each change in one channel, edited as the change goes on; at its end it has no button. That a message is
 * about to be posted is kept before it is: after a kill it is looked for in the channel's history first.
 */
export function makeSlackSink(settings: SlackSettings, dependencies: SlackSinkDependencies): Sink {
  const { clock, linkOf, choicesOf, presentedOf, historyLagMs = 15_000 } = dependencies;
  const { channel } = settings;
  const { token, fetch, timeoutMs } = dependencies;
  const call = slackCaller({
    ...{ url: settings.url, token, fetch },
    ...(timeoutMs !== undefined && { timeoutMs }),
  });

  /** Slack's error of an edit, null when it is done. */
  async function update(
    at: { readonly channel: string; readonly ts: string },
    content: Pick<SlackContent, 'text' | 'blocks'>,
    signal: AbortSignal,
  ): Promise<string | null> {
    const answer = await call('chat.update', { ...at, ...content }, signal);
    return answer.ok ? null : answer.error;
  }

  async function post(
    content: SlackArguments,
    signal: AbortSignal,
  ): Promise<{ channel: string; ts: string }> {
    const args = { ...content, unfurl_links: false, unfurl_media: false, mrkdwn: false };
    const answer = await call('chat.postMessage', args, signal);
    if (!answer.ok) throw slackError('chat.postMessage', answer.error);
    const { ts, channel: of } = answer.body;
    if (typeof ts !== 'string' || typeof of !== 'string') {
      throw new RemoteError('unreachable', "Slack's answer to chat.postMessage is not as documented");
    }
    return { channel: of, ts };
  }

  /** The message whose posting was begun and not heard of again; null when it is certainly not there. */
  async function lookFor(delivery: Delivery, tried: NonNullable<SlackMemory['tried']>) {
    const { change, subscription, signal } = delivery;
    const at = Date.parse(tried.at);
    const settled = at + (timeoutMs ?? 10_000) + historyLagMs;
    const sought = {
      ...{ channel: tried.channel, changeId: change.id, subscription },
      ...{ since: at - clocksApartMs, until: settled + clocksApartMs },
    };
    const [first, ...others] = await findMessages(call, sought, signal);
    if (first !== undefined) {
      for (const ts of others) await update({ channel: tried.channel, ts }, replacedMessage(), signal);
      return { channel: tried.channel, ts: first };
    }
    const wait = settled - clock();
    if (wait <= 0) return null;
    const message = 'whether the Slack message was posted is not known yet';
    throw new RemoteError('conflict', message, { retryAfterMs: wait });
  }

  /** @returns whether the message was there before, so that nobody was called to it */
  async function show(delivery: Delivery, kept: KeptMemory): Promise<boolean> {
    const { change, subscription, signal } = delivery;
    const link = linkOf(change.id);
    const [choices, presented] = [choicesOf(change), presentedOf(delivery)];
    const contentAt = (now: number | null) =>
      messageOf({ change, subscription, presented, link, choices, now });
    const said = sha256(JSON.stringify(contentAt(null)));
    const content = contentAt(clock());
    const { tried } = kept.memory;
    if (tried !== null) {
      const message = await lookFor(delivery, tried);
      await kept.keep(message === null ? { tried: null } : { tried: null, message, said: null });
    }
    const { message, again } = kept.memory;
    if (message !== null) {
      if (kept.memory.said === said) return true;
      const error = await update(message, content, signal);
      if (error === null) {
        await kept.keep({ said });
        return true;
      }
      if (!isGone(error)) throw slackError('chat.update', error);
      // A message that is deleted leaves nothing open; one that cannot be edited still shows buttons.
      const isOver = error === 'message_not_found' && questionOf(change) === null;
      if (isOver || again >= mostPostedAgain) {
        await kept.keep({ said });
        return true;
      }
      await kept.keep({ message: null, said: null, again: again + 1 });
    }
    const before = kept.memory;
    await kept.keep({ tried: { channel, at: isoTime(clock()) } });
    try {
      const posted = await post({ channel, ...content }, signal);
      await kept.keep({ tried: null, message: posted, said });
    } catch (error) {
      // Refused for certain: the next attempt need not look for it.
      if (!mayBeDone(error)) await delivery.remember(before);
      throw error;
    }
    return false;
  }

  /**
   * Posts a reminder as a reply that the channel sees, too: whoever has muted nothing is told as of a new message. That it was
   * posted is kept afterwards: after a kill it may come twice, and it is never lost.
   */
  async function remind(delivery: Delivery, kept: KeptMemory): Promise<void> {
    const { change, signal } = delivery;
    const { message, reminded } = kept.memory;
    const reminder = reminderIn(delivery);
    if (message === null || reminder === null || reminder.index <= (reminded ?? -1)) return;
    const content = reminderMessage({ change, link: linkOf(change.id), now: clock() });
    const reply = { thread_ts: message.ts, reply_broadcast: true };
    try {
      await post({ channel: message.channel, ...content, ...reply }, signal);
    } catch (error) {
      // Somebody has deleted the message that it would stand under.
      if (!isRefused(error)) throw error;
      await post({ channel: message.channel, ...content }, signal);
    }
    await kept.keep({ reminded: reminder.index });
  }

  return {
    async deliver(delivery) {
      const kept = keptMemory(delivery);
      if (await show(delivery, kept)) await remind(delivery, kept);
      return delivery.entries.length;
    },
  };
}

/** What is kept of a change's message, as it is now. */
interface KeptMemory {
  readonly memory: SlackMemory;
  keep(next: Partial<SlackMemory>): Promise<void>;
}

function keptMemory(delivery: Delivery): KeptMemory {
  let memory = readMemory(delivery.memory);
  return {
    get memory() {
      return memory;
    },
    async keep(next) {
      memory = { ...memory, ...next };
      await delivery.remember(memory);
    },
  };
}

/** Whether an error of `chat.update` says that this message will never be edited again. */
function isGone(error: string): boolean {
  return ['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found'].includes(
    error,
  );
}

/** Whether a post was refused for certain, for what it is. */
function isRefused(error: unknown): boolean {
  return error instanceof RemoteError && (error.fault === 'refused' || error.fault === 'not_found');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
