import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { openWitnessMemory } from '../../audit/witness-memory.ts';
import { createWitness } from '../../audit/witness-server.ts';
import type { keyPair } from './tree-fixture.ts';
import { keyPair as makeKeyPair } from './tree-fixture.ts';

type KeyPair = ReturnType<typeof keyPair>;

/** A witness in this process on a port of its own; it can be stopped, and ends with the test. */
export async function witnessOn(
  folder: string,
  logs: readonly KeyPair[],
  key = makeKeyPair('witness.example', 'cosignature/v1'),
  now: () => number = Date.now,
  port = 0,
) {
  const alarms: object[] = [];
  const server = createWitness({
    memory: await openWitnessMemory(folder),
    signer: key.signer,
    logs: logs.map(({ verifier }) => verifier),
    log: { info: () => undefined, error: () => undefined, fatal: (fields) => void alarms.push(fields) },
    now,
  });
  return { key, alarms, ...(await listening(server, port)) };
}

/** Somebody who answers in a witness's place. */
export function impostor(answer: RequestListener) {
  return listening(createServer(answer), 0);
}

async function listening(server: Server, port: number) {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}`, port: bound, stop };
}
