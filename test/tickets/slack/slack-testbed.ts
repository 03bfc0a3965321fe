import type { EntryBody } from '../../../domain/entry.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { RunningSlack } from '../../../simulator/slack/server.ts';
import type { Delivery } from '../../../tickets/sink.ts';
import { makeSlackSink } from '../../../tickets/slack/sink.ts';
import type { SlackSinkDependencies } from '../../../tickets/slack/sink.ts';
import { slackSettings } from '../../../tickets/slack/settings.ts';
import type { RestFault } from '../../../simulator/rest-endpoint.ts';
import { changeOf, changeStory } from '../../audit/change-story.ts';
import type { ChangeStory } from '../../audit/change-story.ts';

export { changeOf };

/** A story whose change awaits decisions, as far as it is told. */
export function awaiting(options: Parameters<typeof changeStory>[0] = {}): {
  readonly story: ChangeStory;
  readonly entries: EntryBody[];
} {
  const story = changeStory(options);
  return { story, entries: [story.requested(), story.prechecked()] };
}

/** The rest of an approved change that succeeded. */
export function toTheEnd(story: ChangeStory): EntryBody[] {
  return [story.approved(), story.scheduled(), story.started(), story.ended('succeeded'), story.closed()];
}

/** What the outbox keeps of one subscription and change, in memory. */
export interface Kept {
  memory: JsonObject | null;
  /** Every memory that was kept, in order. */
  readonly all: JsonObject[];
}

/** A process's death, as a delivery sees it: nothing after it happens. */
export class Killed extends Error {}

/** A delivery of all entries of a change. @param dieAfter - dies right after it has kept so many memories */
export function deliveryOf(
  entries: readonly EntryBody[],
  kept: Kept,
  options: { readonly subscription?: string; readonly dieAt?: number; readonly signal?: AbortSignal } = {},
): Delivery {
  const delivered = entries.map((body, index) => ({ index, key: `key-${index}`, body }));
  let times = 0;
  return {
    subscription: options.subscription ?? 'chat',
    change: changeOf(entries),
    entries: delivered.slice(-1),
    history: delivered,
    memory: kept.memory,
    remember: (memory) => {
      times += 1;
      if (options.dieAt === times) return Promise.reject(new Killed());
      kept.memory = memory;
      kept.all.push(memory);
      return Promise.resolve();
    },
    signal: options.signal ?? AbortSignal.timeout(60_000),
  };
}

export function nothingKept(): Kept {
  return { memory: null, all: [] };
}

/** A sink for a local Slack, whose clock can be moved. */
export function slackSink(slack: RunningSlack, more: Partial<SlackSinkDependencies> = {}) {
  const at = { ms: Date.now() };
  const settings = slackSettings.parse({
    kind: 'slack',
    url: slack.url,
    team: slack.team,
    channel: 'C0CHANGES',
  });
  const sink = makeSlackSink(settings, {
    token: 'local-slack-token',
    fetch,
    clock: () => at.ms,
    linkOf: (id) => `https://countersign.example/changes/${id}?a=1&b=2`,
    choicesOf: () => ['approve', 'reject'],
    presentedOf: () => [{ label: 'certificate', value: 'line' }],
    ...more,
  });
  return { sink, at };
}

/** Asks a local Slack's control interface. */
export async function steer(
  slack: RunningSlack,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${slack.url}/_sim${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Record<string, unknown>;
}

export async function faulty(slack: RunningSlack, ...faults: RestFault[]): Promise<void> {
  await steer(slack, 'POST', '/faults', faults);
}

/** The messages of the channel. */
export function messagesIn(slack: RunningSlack) {
  return slack.workspace.channels[0]?.messages ?? [];
}

/** Which buttons a message has, by `action_id`. */
export function buttonsOf(message: { readonly blocks: readonly object[] } | undefined): unknown[] {
  const blocks = (message?.blocks ?? []) as { type: string; elements?: { action_id?: string }[] }[];
  return blocks
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements.map(({ action_id: id }) => id));
}

/** Every text in blocks, one a line. */
export function textIn(of: unknown): string {
  if (Array.isArray(of)) return of.map(textIn).filter(Boolean).join('\n');
  if (typeof of !== 'object' || of === null) return '';
  const { type, text } = of as { type?: string; text?: unknown };
  if ((type === 'plain_text' || type === 'mrkdwn') && typeof text === 'string') return text;
  return Object.values(of).map(textIn).filter(Boolean).join('\n');
}
