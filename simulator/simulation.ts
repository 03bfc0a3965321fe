import { CallLog } from './call-log.ts';
import type { Certificate } from './certificate.ts';
import { CertificateStore } from './certificate-store.ts';
import { FaultScript } from './fault.ts';
import { KeyRing } from './key-ring.ts';
import { NonceMemory } from './nonce-memory.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { Settings } from './settings.ts';
import { Throttle } from './throttle.ts';
import type { TrailEvent } from './trail.ts';

/** Everything that one simulator knows: one account of the vendor's, in memory. */
export interface Simulation {
  readonly certificates: CertificateStore;
  readonly faults: FaultScript;
  readonly calls: CallLog;
  readonly keys: KeyRing;
  readonly nonces: NonceMemory;
  readonly throttle: Throttle;
  settings: Settings;
  /** Aborted when the simulator closes, so that delayed answers do not keep it. */
  readonly closing: AbortSignal;
  /** The region that is played: it stands in every event of the trail. */
  readonly regionId: string;
  readonly log: (line: object) => void;
  /** Receives the event of every call that ended, as the account's trail has it. */
  readonly tell: (event: TrailEvent) => void;
}

/** Makes a simulation in its first state. */
export function createSimulation(given: {
  readonly accessKeys: Readonly<Record<string, string>>;
  readonly callsPerSecond: number;
  readonly seed: readonly Certificate[];
  readonly closing: AbortSignal;
  readonly regionId: string;
  readonly log: (line: object) => void;
  readonly tell: (event: TrailEvent) => void;
}): Simulation {
  const certificates = new CertificateStore();
  certificates.put(given.seed);
  return {
    certificates,
    faults: new FaultScript(),
    calls: new CallLog(),
    keys: new KeyRing(given.accessKeys),
    nonces: new NonceMemory(),
    throttle: new Throttle(),
    settings: { ...DEFAULT_SETTINGS, callsPerSecond: given.callsPerSecond },
    closing: given.closing,
    regionId: given.regionId,
    log: given.log,
    tell: given.tell,
  };
}
