/** Who polls a task queue, as Temporal tells it. */
export interface Poller {
  readonly identity: string;
  /** When it asked last, ms since the epoch. */
  readonly lastSeen: number;
}

/** How a poller stands to the workers of one database. */
export type PollerKind = 'ours' | 'of_another_database' | 'unknown';

const prefix = 'countersign/';

/** The identity of a worker: which database it writes to, and which process it is. @param process - such as `17@host` */
export function workerIdentity(databaseId: string, process: string): string {
  return `${prefix}${databaseId} ${process}`;
}

/** How a poller stands to the workers of a database. Workers of earlier versions, and of other people, have other identities. */
export function pollerKind(identity: string, databaseId: string): PollerKind {
  const [, of] = /^countersign\/([0-9a-f]+) /.exec(identity) ?? [];
  if (of === undefined) return 'unknown';
  return of === databaseId ? 'ours' : 'of_another_database';
}

/** How long ago a poller may have asked that counts as there, ms: an idle one asks once a minute, and Temporal remembers those that are gone. */
const presentMs = 75_000;

/** The pollers that are there and not of this database's workers, each once. @param now - ms since the epoch */
export function strangersAmong(
  pollers: readonly Poller[],
  databaseId: string,
  now: number,
): { readonly identity: string; readonly kind: Exclude<PollerKind, 'ours'> }[] {
  const present = pollers.filter(({ lastSeen }) => now - lastSeen <= presentMs);
  const identities = [...new Set(present.map(({ identity }) => identity))].sort();
  return identities.flatMap((identity) => {
    const kind = pollerKind(identity, databaseId);
    return kind === 'ours' ? [] : [{ identity, kind }];
  });
}
