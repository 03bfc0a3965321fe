import { join } from 'node:path';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import { periodLine } from '../domain/key-period.ts';
import { replaceFile } from '../embedded/make-once.ts';
import { readEndedKeys } from './ended-key-file.ts';
import type { Environment } from './environment.ts';
import { readTextFile } from './text-file.ts';

/**
 * The public keys that an auditor needs, in one text: the log's, the witnesses' (where there are any) and the API's.
 * @throws CountersignError `invalid_configuration` when one is missing or is none
 */
export async function trustedKeysText(env: Environment): Promise<string> {
  const files = (named: string | undefined, name: string) =>
    named?.split(',') ?? [join(env.COUNTERSIGN_HOME, 'keys', name)];
  const logs = files(env.COUNTERSIGN_LOG_PUBLIC_KEYS, 'log.vkey');
  const witnesses = files(env.COUNTERSIGN_WITNESS_PUBLIC_KEYS, 'witness.vkey');
  const statement = files(env.COUNTERSIGN_STATEMENT_PUBLIC_KEYS, 'statement.pub.pem');
  const parts = [
    '# Whose signatures to believe in evidence packs of Countersign.',
    '# The log',
    ...(await Promise.all(logs.map(keyFile))),
    '# Its witnesses',
    ...(await Promise.all(witnesses.map((file) => keyFile(file).catch(() => '# none')))),
    '# The API, which signs what people say',
    ...(await Promise.all(statement.map(keyFile))),
    ...(await endedParts(env.COUNTERSIGN_HOME)),
  ];
  const text = `${parts.join('\n')}\n`;
  readTrustedKeys([text]);
  return text;
}

/** Writes them to `<home>/keys/trusted-keys.txt`. @returns the file's path */
export async function writeTrustedKeys(env: Environment): Promise<string> {
  const path = join(env.COUNTERSIGN_HOME, 'keys', 'trusted-keys.txt');
  await replaceFile(path, await trustedKeysText(env), 0o644);
  return path;
}

/** Keys that have ended: where one of them stands above as well, the narrower period holds. */
async function endedParts(home: string): Promise<string[]> {
  const ended = await readEndedKeys(home);
  if (ended.length === 0) return [];
  return [
    '# Keys that have ended',
    ...ended.map(({ text, period }) => `${periodLine(period)}\n${text.trim()}`),
  ];
}

async function keyFile(path: string): Promise<string> {
  return (await readTextFile(path, 'a key file')).trim();
}
