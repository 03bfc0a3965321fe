import type { Pool } from 'pg';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { IsWritten } from '../domain/entry-writer.ts';
import type { FaultClass } from '../domain/fault.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { HostPattern } from '../domain/host.ts';
import type { PersonId } from '../domain/person.ts';
import type { SignedStatement } from '../domain/statement.ts';
import type { Sealing } from '../audit/sealing.ts';
import type { Implementations } from '../operations/implementations.ts';
import type { Operations } from '../operations/registry.ts';
import type { PolicyChoice } from '../policies/choose.ts';
import type { TicketReader } from '../tickets/ticket-system.ts';

/** The dependencies of the activities; a composition root makes them. */
export interface ActivityDependencies {
  /** Postgres, as the role countersign_worker. */
  readonly pool: Pool;
  /** The name of the installation whose database that is: its workers are on the task queues of this name; default `countersign`. */
  readonly installation?: string;
  /** The namespace of Temporal in which that installation runs; absent: whichever. */
  readonly namespace?: string;
  /** The operations that may be gated. */
  readonly operations: Operations;
  /** The implementation of each operation. */
  readonly implementations: Implementations;
  /** The one region that this installation serves: a change for another is not opened. */
  readonly region: string;
  /** The policies that this process was configured with. The policy of a request is compared with them. */
  readonly policies: PolicyChoice;
  /** Which workflows may ask for changes beside the API; default none. */
  readonly hosts?: readonly HostPattern[];
  /** Where people find a change, which hosts are told; default: nowhere. */
  readonly linkOf?: (changeId: string) => string | null;
  /** Whether changes are not to show their target in a search attribute, which Temporal cannot encrypt; default false. */
  readonly hidesTargets?: boolean;
  /** Whether one of the API's keys signed a statement. */
  readonly verifyStatement: (signed: SignedStatement) => boolean;
  /** Whether one of the API's keys wrote an entry. What lets calls go counts only then. */
  readonly verifyEntry: IsWritten;
  /** Says when an attempt's entry is in a checkpoint. Before that no call is made. */
  readonly sealing: Sealing;
  /** What reads tickets now, by the systems' names; a policy that asks for another system's holds its changes. */
  readonly tickets?: () => Readonly<Record<string, Pick<TicketReader, 'read'>>>;
  /** The groups of the directory that list a person now; without it nobody is in a group that a policy takes from there. */
  readonly groupsIn?: (person: PersonId) => readonly string[];
  /**
   * Reads the directory again, for `groupsIn`: nobody is said to have left by a directory that may be older than their
   * decision.
   * @throws Error when it cannot be read; whatever asked is tried again
   */
  readonly readDirectoryAgain?: () => Promise<void>;
  /** The freezes of the calendar file; default none. */
  readonly calendar?: readonly Freeze[];
  /** Longest wait before a gate that blocks is asked again, ms; default 60,000. */
  readonly gateLongestMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** How many doubtful 500s before the change fails; default 5. */
  readonly doubtfulLimit?: number;
  /** Called for each ended attempt, for metrics. */
  readonly onAttempt?: (ended: { class: FaultClass | 'succeeded'; code: string }) => void;
  /** Called with how long a change waited for the decision that was just recorded, ms. */
  readonly onDecision?: (waited: { decision: 'approve' | 'reject'; waitMs: number }) => void;
  /** Called with what somebody on call must look at; default: nothing is called. */
  readonly alarm?: RaiseAlarm;
}
