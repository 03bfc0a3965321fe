import type { Change, ChangeRequest, HostRequest } from '../domain/change.ts';
import { newChange } from '../domain/evolve.ts';
import type { KeyedHost } from '../domain/host.ts';
import type {
  HostFollowed,
  HostOpened,
  LogActivities,
  OpenedResult,
  Opening,
  PrecheckResult,
  Refused,
} from './contract.ts';
import type { Asking } from './host.ts';
import { tellHost } from './tell-host.ts';

/** What a host asks for, and which host it is. */
export interface Heard {
  readonly asked: HostRequest;
  readonly asking: Asking;
  readonly host: KeyedHost;
}

/** A host's request that may be opened, or the change that this run has opened before. */
export type Prepared =
  | { readonly kind: 'accepted'; readonly hears: Heard; readonly request: ChangeRequest }
  | { readonly kind: 'opened'; readonly hears: Heard; readonly change: Change };

/** What opening a host's change takes beside what Temporal and the policies say. */
export interface OpeningSteps {
  /** The change that this very run of its workflow has opened before; null: it has not. */
  readonly openedBefore: (changeId: string) => Promise<Change | null>;
  /** Opens a change whose policy this worker has just chosen. */
  readonly open: (opening: Opening) => Promise<OpenedResult>;
  /** What is read of the target, where that is quick; null: it is to be read by its own activity. */
  readonly read: (change: Change, ordinal: number) => Promise<PrecheckResult | null>;
}

interface Parts extends Pick<OpeningSteps, 'open' | 'read'> {
  /** Writes nothing: whatever is refused, there is no change. */
  readonly prepare: (
    sent: unknown,
  ) => Promise<(Prepared | HostFollowed | Refused) & { readonly answerIn: string }>;
  readonly toldOf: (
    hears: Heard,
  ) => Omit<Extract<HostOpened, { kind: 'opened' }>, 'kind' | 'change' | 'read'>;
}

/** See `openHosted` of {@link LogActivities}. */
export function makeOpenHosted({ prepare, toldOf, open, read }: Parts): LogActivities['openHosted'] {
  return async ({ request: sent, ordinal, readOrdinal }) => {
    const prepared = await prepare(sent);
    if (prepared.kind === 'refused' || prepared.kind === 'followed') return prepared;
    const { answerIn, hears } = prepared;
    const { asked, asking, host } = hears;
    // From here on nothing is a refusal by mistake: what fails is tried again.
    if (prepared.kind === 'accepted') {
      const { request } = prepared;
      const result = await open({ request, host, startedAt: asking.startedAt, ordinal });
      if (result.kind !== 'opened') return { kind: 'not_opened', result, answerIn };
    }
    const change = prepared.kind === 'accepted' ? newChange(prepared.request) : prepared.change;
    const told = toldOf(hears);
    const [readNow] = await Promise.all([
      read(change, readOrdinal),
      asked.tellsOpened && asking.parent ? tellHost(asking.parent, { url: told.url }, answerIn) : null,
    ]);
    return { kind: 'opened', change, ...told, read: readNow, answerIn };
  };
}
