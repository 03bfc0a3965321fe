import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { beginWitnessMemory, openWitnessMemory } from '../../audit/witness-memory.ts';
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
  // As with its key: a witness that was there before does not begin again.
  const begun = join(folder, 'begun');
  const memory = await openWitnessMemory(folder);
  if (!existsSync(begun)) {
    await beginWitnessMemory(memory);
    await writeFile(begun, '');
  }
  const server = createWitness({
    memory,
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
