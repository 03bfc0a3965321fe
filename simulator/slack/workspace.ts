/** Somebody of the workspace, or of another one that shares the channel. */
export interface SlackUser {
  readonly id: string;
  /** The workspace that the person belongs to. */
  readonly team: string;
  readonly name: string;
}

/** A JSON value as it came. */
export type Loose = Readonly<Record<string, unknown>>;

/** A message of the app in a channel. */
export interface SlackMessage {
  readonly ts: string;
  /** The bot user that posted it, and the app's bot id. */
  readonly user: string;
  readonly bot_id: string;
  readonly text: string;
  readonly blocks: readonly Loose[];
  readonly metadata: Loose | null;
  /** How often it was edited. */
  readonly edits: number;
  /** The message that it replies to; null: none. */
  readonly thread_ts: string | null;
  /** Whether the channel sees it, too. */
  readonly isBroadcast: boolean;
}

/** What only one person sees. */
export interface SlackEphemeral {
  readonly user: string;
  readonly text: string;
}

/** A channel with what is in it, the oldest first. */
export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  /** Whether the app was invited. */
  isMember: boolean;
  isArchived: boolean;
  messages: SlackMessage[];
  ephemerals: SlackEphemeral[];
  /** When messages were posted, ms, as far as the limit needs to know. */
  posts: number[];
}

/** An open modal. */
export interface SlackView {
  readonly id: string;
  readonly user: string;
  /** What `views.open` or an update said. */
  view: Loose;
  hash: string;
  /** What the app said is wrong, by block id. */
  errors: Loose;
}

/** What a press of a button may be exchanged for, once. */
interface SlackTrigger {
  readonly user: string;
  readonly at: number;
  used: boolean;
}

/** An address at which the app may answer a press. */
interface SlackResponseUrl {
  readonly user: string;
  readonly channel: string;
  readonly ts: string;
  readonly at: number;
  uses: number;
}

/** Everything that the local endpoint holds: plain data, so that it can be copied for an answer that does nothing. */
export interface SlackWorkspace {
  readonly team: string;
  readonly app: string;
  readonly bot: { readonly user: string; readonly id: string; readonly name: string };
  readonly users: SlackUser[];
  readonly channels: SlackChannel[];
  views: SlackView[];
  readonly triggers: Record<string, SlackTrigger>;
  readonly responseUrls: Record<string, SlackResponseUrl>;
  lastTs: number;
  serial: number;
}

/** A workspace with its people and channels, and the app in it. */
export function newWorkspace(given: {
  readonly team: string;
  readonly users: readonly SlackUser[];
  readonly channels: readonly { readonly id: string; readonly name: string }[];
}): SlackWorkspace {
  return {
    team: given.team,
    app: 'A0COUNTER',
    bot: { user: 'U0COUNTER', id: 'B0COUNTER', name: 'countersign' },
    users: [...given.users],
    channels: given.channels.map(({ id, name }) => ({
      ...{ id, name, isMember: true, isArchived: false, messages: [], ephemerals: [], posts: [] },
    })),
    views: [],
    triggers: {},
    responseUrls: {},
    lastTs: 0,
    serial: 0,
  };
}

/** The next `ts`: seconds with six digits, later than every one before. @param now - ms */
export function nextTs(workspace: SlackWorkspace, now: number): string {
  workspace.lastTs = Math.max(workspace.lastTs + 1, now * 1000);
  const digits = String(workspace.lastTs).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** A number that no other thing of the workspace has. */
export function nextSerial(workspace: SlackWorkspace): number {
  workspace.serial += 1;
  return workspace.serial;
}
