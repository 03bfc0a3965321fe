import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateNoteKey, readNoteSigner, readNoteVerifier } from '../audit/note-key.ts';
import type { NoteAlgorithm, NoteSigner, NoteVerifier } from '../audit/note-key.ts';
import type { Generations } from '../audit/generations.ts';
import { beginWitnessMemory, openWitnessMemory } from '../audit/witness-memory.ts';
import type { WitnessMemory } from '../audit/witness-memory.ts';
import { CountersignError } from '../domain/error.ts';
import type { KeyUse } from '../domain/key-rotation.ts';
import { textOf } from '../embedded/make-once.ts';
import type { Environment } from './environment.ts';
import { ensureKeyPair } from './key-pair.ts';
import type { KeyFiles, KeyForm } from './key-pair.ts';
import { readTextFile } from './text-file.ts';

/** The API's Ed25519 key under `<home>/keys`, made on the first start; the private file is the owner's alone (0600). */
export async function statementKeys(home: string): Promise<KeyFiles> {
  const files = statementFiles(home);
  await ensureKeyPair(files, statementForm);
  return files;
}

/**
 * The file with the public half of it, for whoever checks signatures and may have been given nothing else. Where neither half is
 * there, both are made.
 */
export async function statementPublicKey(home: string): Promise<string> {
  const { privateKey, publicKey } = statementFiles(home);
  const isGiven = (await textOf(publicKey)) !== null && (await textOf(privateKey)) === null;
  return isGiven ? publicKey : (await statementKeys(home)).publicKey;
}

function statementFiles(home: string): KeyFiles {
  return {
    privateKey: join(home, 'keys', 'statement.pem'),
    publicKey: join(home, 'keys', 'statement.pub.pem'),
  };
}

/** A new private key of the API's (PKCS #8, PEM). */
export function newStatementKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

const statementForm: KeyForm = {
  generate: newStatementKey,
  publicOf: (privateText) =>
    createPublicKey(createPrivateKey(privateText)).export({ type: 'spki', format: 'pem' }) as string,
};

/**
 * The files of a key in this home, be they there or not.
 * @throws CountersignError `invalid_configuration` where the environment names another private file
 */
export function keyFilesOf(env: Environment, use: KeyUse): KeyFiles {
  const { COUNTERSIGN_HOME: home } = env;
  const of = {
    statement: { name: 'COUNTERSIGN_STATEMENT_KEY', files: statementFiles(home) },
    log: { name: 'COUNTERSIGN_LOG_KEY', files: noteFiles(home, 'signer', 'log') },
    witness: { name: 'COUNTERSIGN_WITNESS_KEY', files: noteFiles(home, 'witness', 'witness') },
  } as const;
  const { name, files } = of[use];
  if (env[name] === undefined) return files;
  throw new CountersignError(
    'invalid_configuration',
    `${name} is set: change the key in the home that it was made in, and give its files to the processes`,
  );
}

function noteFiles(home: string, folder: string, name: string): KeyFiles {
  return {
    privateKey: join(home, folder, `${name}.key`),
    publicKey: join(home, 'keys', `${name}.vkey`),
  };
}

/**
 * Files of the log's key: `<home>/signer/log.key`, which only the signer may read, and `<home>/keys/log.vkey`. Made on the
 * first start, unless the environment names the private one.
 */
export function logKeys(env: Environment): Promise<KeyFiles> {
  const { COUNTERSIGN_HOME: home, COUNTERSIGN_LOG_KEY, COUNTERSIGN_LOG_ORIGIN } = env;
  return noteKeys({
    privateKey: COUNTERSIGN_LOG_KEY ?? join(home, 'signer', 'log.key'),
    publicKey: join(home, 'keys', 'log.vkey'),
    name: COUNTERSIGN_LOG_ORIGIN ?? `countersign.local/log-${randomBytes(4).toString('hex')}`,
    algorithm: 'ed25519',
    isGiven: COUNTERSIGN_LOG_KEY !== undefined,
  });
}

/** What the witness of this home remembers. */
export function witnessMemory({ COUNTERSIGN_HOME: home }: Environment): Promise<Generations<WitnessMemory>> {
  return openWitnessMemory(join(home, 'witness', 'memory'));
}

/**
 * Files of the witness's key: `<home>/witness/witness.key`, the witness's alone, and `<home>/keys/witness.vkey`. With a key that
 * is made here its memory begins, before it; a key that was there and no memory means that the memory is lost.
 */
export async function witnessKeys(env: Environment): Promise<KeyFiles> {
  const { COUNTERSIGN_HOME: home, COUNTERSIGN_WITNESS_KEY } = env;
  const own = join(home, 'witness', 'witness.key');
  const publicKey = join(home, 'keys', 'witness.vkey');
  // Of a key whose private half is lost the public one is left: its memory does not begin anew.
  const halves = await Promise.all([own, publicKey].map((file) => textOf(file)));
  if (COUNTERSIGN_WITNESS_KEY === undefined && halves.every((half) => half === null)) {
    await beginWitnessMemory(await witnessMemory(env));
  }
  return noteKeys({
    privateKey: COUNTERSIGN_WITNESS_KEY ?? own,
    publicKey,
    name: `countersign.local/witness-${randomBytes(4).toString('hex')}`,
    algorithm: 'cosignature/v1',
    isGiven: COUNTERSIGN_WITNESS_KEY !== undefined,
  });
}

/** The private keys of a file, one a line. @throws CountersignError `invalid_configuration` */
export async function readSigners(file: string): Promise<NoteSigner[]> {
  return (await keyLines(file)).map(readNoteSigner);
}

/** The public keys of files, each with one a line. @throws CountersignError `invalid_configuration` */
export async function readVerifiers(files: readonly string[]): Promise<NoteVerifier[]> {
  return (await Promise.all(files.map(keyLines))).flat().map(readNoteVerifier);
}

/** The log's public keys. @throws CountersignError `invalid_configuration` */
export function readLogVerifiers(env: Environment, log: KeyLog): Promise<NoteVerifier[]> {
  return readPublic(env.COUNTERSIGN_LOG_PUBLIC_KEYS, join(env.COUNTERSIGN_HOME, 'keys', 'log.vkey'), log);
}

/** The witness's public keys, for whoever checks cosignatures. @throws CountersignError `invalid_configuration` */
export function readWitnessVerifiers(env: Environment, log: KeyLog): Promise<NoteVerifier[]> {
  const file = join(env.COUNTERSIGN_HOME, 'keys', 'witness.vkey');
  return readPublic(env.COUNTERSIGN_WITNESS_PUBLIC_KEYS, file, log);
}

interface KeyLog {
  warn(message: string): void;
}

/**
 * Keys that are given, or those that another process of this home makes on its first start: they are a moment in coming, so
 * whoever needs them waits, and nothing is called before.
 */
async function readPublic(given: string | undefined, file: string, log: KeyLog): Promise<NoteVerifier[]> {
  if (given !== undefined) return readVerifiers(given.split(','));
  for (let told = false; !(await isThere(file)); told = true) {
    if (!told) log.warn(`waiting for ${file}, which another process makes`);
    await delay(300);
  }
  return readVerifiers([file]);
}

/** They come as a whole; one copied by hand may lack its last line end. What cannot be read is there, and its reader says so. */
async function isThere(file: string): Promise<boolean> {
  const text = await textOf(file).catch(() => 'unreadable');
  return text !== null && text.trim() !== '';
}

async function keyLines(file: string): Promise<string[]> {
  const lines = linesOf(await readTextFile(file, 'a key file'));
  if (lines.length === 0) throw new CountersignError('invalid_configuration', `${file} has no key`);
  return lines;
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

async function noteKeys(wanted: {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly name: string;
  readonly algorithm: NoteAlgorithm;
  readonly isGiven: boolean;
}): Promise<KeyFiles> {
  const { privateKey, publicKey, name, algorithm, isGiven } = wanted;
  const files = { privateKey, publicKey };
  if (isGiven) return files;
  await ensureKeyPair(files, {
    generate: () => `${generateNoteKey(name, algorithm).privateKey}\n`,
    publicOf: (text) =>
      linesOf(text)
        .map((line) => `${readNoteSigner(line).publicKey}\n`)
        .join(''),
  });
  return files;
}
