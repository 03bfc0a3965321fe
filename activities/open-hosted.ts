import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Change, ChangeRequest, HostRequest } from '../domain/change.ts';
import type { Requested } from '../domain/change-event.ts';
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

/** So often a change in the way is waited for that ends since its host has: by the repeats of the activity some 20 s. */
const waits = 7;

/** What a host asks for, and which host it is. */
export interface Heard {
  readonly asked: HostRequest;
  readonly asking: Asking;
  readonly host: KeyedHost;
}

/** A host's request that may be opened. */
export interface Prepared {
  readonly kind: 'accepted';
  readonly hears: Heard;
  readonly request: ChangeRequest;
}

/** A change that is open, and the host that is told of it. */
export interface OpenForHost extends Pick<Heard, 'asking' | 'host'> {
  readonly change: Change;
  /** Whether the host waits for the word that it is open. */
  readonly tells: boolean;
}

/** What opening a host's change takes beside what Temporal and the policies say. */
export interface OpeningSteps {
  /** The first entry of the change, where this very run of its workflow has written it; null: it has not. */
  readonly openedBefore: (changeId: string) => Promise<Requested | null>;
  /** Opens a change whose policy this worker has just chosen. */
  readonly open: (opening: Opening) => Promise<OpenedResult>;
  /** Tells a change that is in the way that its host has ended, where that is so; see activities/host-end.ts. */
  readonly endWithHost: (changeId: string) => Promise<boolean>;
  /** What is read of the target, where that is quick; null: it is to be read by its own activity. */
  readonly read: (change: Change, ordinal: number) => Promise<PrecheckResult | null>;
}

interface Parts extends Pick<OpeningSteps, 'open' | 'read' | 'endWithHost'> {
  /** The first entry that this run has written. */
  readonly openedBefore: () => Promise<Requested | null>;
  /** Whoever is told of the change that this run has opened. Nothing is judged anew. */
  readonly again: (sent: unknown, requested: Requested) => Promise<OpenForHost>;
  /** Writes nothing: whatever is refused, there is no change. */
  readonly prepare: (sent: unknown) => Promise<Prepared | HostFollowed | Refused>;
  /** In which encoding the host is answered. */
  readonly encodingFor: (sent: unknown) => Promise<string>;
  readonly toldOf: (
    open: OpenForHost,
  ) => Omit<Extract<HostOpened, { kind: 'opened' }>, 'kind' | 'change' | 'read'>;
}

/** See `openHosted` of {@link LogActivities}. */
export function makeOpenHosted(parts: Parts): LogActivities['openHosted'] {
  const { openedBefore, again, prepare, encodingFor, toldOf, open, read, endWithHost } = parts;

  async function openFirst(
    { hears, request }: Prepared,
    ordinal: number,
  ): Promise<OpenForHost | Extract<HostOpened, { kind: 'not_opened' }>> {
    const { asked, asking, host } = hears;
    const result = await open({ request, host, startedAt: asking.startedAt, ordinal });
    if (result.kind !== 'opened') {
      const isInTheWay = result.kind === 'target_taken' || result.kind === 'ticket_taken';
      if (isInTheWay && activityInfo().attempt <= waits && (await endWithHost(result.changeId))) {
        const message = `change ${result.changeId} is in the way, and ends with its host`;
        throw ApplicationFailure.retryable(message, 'open_change_exists');
      }
      return { kind: 'not_opened', result };
    }
    return { change: newChange(request), asking, host, tells: asked.tellsOpened };
  }

  return async ({ request: sent, ordinal, readOrdinal, cancelled = false }) => {
    const before = await openedBefore();
    const find = async () => {
      if (before !== null) return await again(sent, before);
      return cancelled ? ({ kind: 'cancelled' } as const) : await prepare(sent);
    };
    const [answerIn, found] = await Promise.all([encodingFor(sent), find()]);
    let opened = 'kind' in found && found.kind === 'accepted' ? await openFirst(found, ordinal) : found;
    if ('kind' in opened) {
      // An attempt that was given up may have opened it meanwhile.
      const meanwhile = await openedBefore();
      if (meanwhile === null) return { ...opened, answerIn };
      opened = await again(sent, meanwhile);
    }
    // From here on nothing is a refusal by mistake: what fails is tried again.
    const { change, asking, tells } = opened;
    const told = toldOf(opened);
    const [readNow] = await Promise.all([
      cancelled ? null : read(change, readOrdinal),
      tells && asking.parent ? tellHost(asking.parent, { url: told.url }, answerIn) : null,
    ]);
    return { kind: 'opened', change, ...told, read: readNow, answerIn };
  };
}
