import type { PayloadReader } from '../codec/payload-reader.ts';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { EntryFeed } from '../audit/follow.ts';
import type { RaiseAlarm } from '../domain/alarm.ts';
import type { Freeze } from '../domain/freeze.ts';
import type { ClaimMapping } from '../identity/claims.ts';
import type { StatementSigner } from '../identity/statement-signer.ts';
import type { Operations } from '../operations/registry.ts';
import type { PolicySource } from '../policies/load.ts';
import type { TokenVerifier } from '../identity/token-verifier.ts';
import type { Engine } from './engine.ts';
import type { InboundSystem } from './inbound.ts';
import type { RefusalLog } from './refusal-log.ts';

/** What the app is made from. */
export interface ApiDependencies {
  /** Postgres, as the role countersign_api: reads, and appends of its own event types. */
  readonly db: Pool;
  readonly feed: EntryFeed;
  readonly engine: Engine;
  readonly tokens: TokenVerifier;
  /** Who issues the tokens of people, to be told to whoever wants to log in. */
  readonly issuer: string;
  /** Which claims of people's tokens make their roles and groups, so that they can be told; default: those of `createTokenVerifier`. */
  readonly claims?: ClaimMapping;
  readonly signer: StatementSigner;
  readonly refusals: RefusalLog;
  /** The single-file verifier that evidence packs carry. */
  readonly verifier: () => Promise<{ readonly code: Uint8Array }>;
  /** Which policy a new change has, and the directory that approvers are looked up in. */
  readonly policies: PolicySource;
  /** The operations that may be gated. */
  readonly operations: Operations;
  /** The one region that this installation serves: requests for another are refused. */
  readonly region: string;
  /** The freezes of the calendar file; default none. */
  readonly calendar?: readonly Freeze[];
  readonly log: Logger;
  /** Called with what somebody on call must look at; default: nothing is called. */
  readonly alarm?: RaiseAlarm;
  /** Temporal's namespace, part of event keys. */
  readonly namespace: string;
  /** The name of this installation, by which those of one namespace are told apart; default `countersign`. */
  readonly installation?: string;
  /** The Nexus endpoint by which hosts of other namespaces ask; default: none. */
  readonly nexusEndpoint?: string;
  /** Prometheus text, or null where metrics are off. */
  readonly metrics: (() => Promise<string>) | null;
  /** Reads what Temporal stores, for people who look there; default: nothing can be decoded. */
  readonly payloads?: PayloadReader | null;
  /** The one origin, beside the console's, whose page may ask for decoded payloads: Temporal's web UI; default none. */
  readonly temporalUi?: string | null;
  /** How often one person may have payloads decoded in a minute; default 120: a page of Temporal's asks for each event. */
  readonly decodesPerMinute?: number;
  /** The systems that may send something now, by their names in COUNTERSIGN_INTEGRATIONS; default none. */
  readonly inbound?: () => ReadonlyMap<string, InboundSystem>;
  /** Decisions from outside that are still under way though their delivery was answered; whoever stops waits for them. */
  readonly underWay?: Set<Promise<void>>;
  /** How many deliveries one address may send in a minute; default 1200. */
  readonly inboundPerMinute?: number;
  readonly writesPerMinute?: number;
  /** Event streams that one person may have open at once; default 200. */
  readonly streamsPerPerson?: number;
  /** How many policy explanations one person may ask for in a minute; default 120. */
  readonly explanationsPerMinute?: number;
  /** How many refused tokens one address may send in a minute; default 60. */
  readonly refusedTokensPerMinute?: number;
  /** API tokens that one admin may issue in a minute; default 10. */
  readonly tokensPerMinute?: number;
  /** After how many seconds without a checkpoint no approval is accepted; default 60. */
  readonly unsealedLimitSeconds?: number;
  /** How many proxies stand in front; default 0. */
  readonly trustProxy?: number;
  readonly now?: () => number;
}
