import { readFile } from 'node:fs/promises';
import { setDefaultCACertificates } from 'node:tls';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator, SimulatorOptions } from '../../simulator/server.ts';

/** A role of the simulator's account. */
export const roleArn = 'acs:ram::1234567890123456:role/countersign-call';

/** See {@link startTrustedSimulator}. */
export type TrustedSimulator = RunningSimulator & {
  /** Where sessions are opened. */
  readonly stsHost: string;
};

/**
 * A simulator that is served over TLS, too, and trusted by this process from now on: the vendor's library opens sessions
 * over HTTPS alone, and offers no way to name a certificate.
 */
export async function startTrustedSimulator(options: SimulatorOptions = {}): Promise<TrustedSimulator> {
  // A key pair for tests alone, valid for 127.0.0.1.
  const read = (name: string): Promise<string> =>
    readFile(new URL(`../simulator/${name}`, import.meta.url), 'utf8');
  const [key, cert] = await Promise.all([read('loopback-key.pem'), read('loopback-certificate.pem')]);
  setDefaultCACertificates([cert]);
  const simulator = await startSimulator({ ...options, tls: { key, cert } });
  return Object.assign(simulator, { stsHost: new URL(simulator.tlsUrl ?? '').host });
}
