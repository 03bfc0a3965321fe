import { createHash } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../../domain/error.ts';
import { replaceFile } from '../../embedded/make-once.ts';
import type { Environment } from '../environment.ts';

const tokensSchema = z.object({
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1).nullable(),
  /** ISO 8601; null where the provider does not say. */
  expiresAt: z.iso.datetime().nullable(),
  /** Whose they are; null where nothing says so. */
  subject: z.string().nullable(),
});

const profileSchema = z.object({
  v: z.literal(1),
  /** The API's address, for which alone the tokens are. */
  api: z.url(),
  issuer: z.url(),
  clientId: z.string().min(1),
  scope: z.string(),
  /** Further parameters of a login, such as `audience`. */
  parameters: z.record(z.string(), z.string()),
  /** Whether the browser is on another device. */
  device: z.boolean(),
  /** Where the browser comes back to; null: any free port. */
  port: z.int().min(1).max(65_535).nullable(),
  /** Null after a logout. */
  tokens: tokensSchema.nullable(),
});

/** The tokens of somebody who has logged in. */
export type Tokens = z.infer<typeof tokensSchema>;
/** How somebody logs in to the API at one address, and their tokens. */
export type Profile = z.infer<typeof profileSchema>;

/** The folder of a person's profiles, as the XDG Base Directory Specification has it: a relative XDG_CONFIG_HOME is none. */
export function profileFolder({ XDG_CONFIG_HOME }: Pick<Environment, 'XDG_CONFIG_HOME'>): string {
  const named = XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : null;
  return join(named ?? join(homedir(), '.config'), 'countersign', 'profiles');
}

/** An API's address in the one way that a profile has it. */
export function profileAddress(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}

/** The file of the profile for an API: a file each, so that no login waits for another one. */
export function profileFile(folder: string, api: string): string {
  const host = new URL(api).host.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 100);
  return join(folder, `${host}-${createHash('sha256').update(api).digest('hex').slice(0, 16)}.json`);
}

/**
 * The profile for an API, or null where nobody has logged in.
 *
 * @throws CountersignError `invalid_configuration` where others may read or write it, and where it is no profile for this API
 */
export async function readProfile(folder: string, api: string): Promise<Profile | null> {
  const file = profileFile(folder, api);
  const text = await readOwn(folder, file);
  if (text === null) return null;
  const parsed = profileSchema.safeParse(jsonOf(text));
  if (!parsed.success || parsed.data.api !== api) {
    throw wrong(file, `is no profile for ${api}`, `delete it and log in again`);
  }
  return parsed.data;
}

/**
 * Keeps a profile in a file that nobody else may read. It is replaced as a whole.
 *
 * @throws CountersignError `invalid_configuration` where others may use the folder
 */
export async function saveProfile(folder: string, profile: Profile): Promise<void> {
  await makeFolder(folder);
  await replaceFile(profileFile(folder, profile.api), `${JSON.stringify(profile, null, 2)}\n`, 0o600);
}

/** Forgets the profile for an API. */
export async function deleteProfile(folder: string, api: string): Promise<void> {
  await rm(profileFile(folder, api), { force: true });
}

/**
 * Makes the folder of profiles.
 *
 * @throws CountersignError `invalid_configuration` where others may use it
 */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  assertOwn(folder, await stat(folder), 0o700);
}

async function readOwn(folder: string, file: string): Promise<string | null> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw wrong(file, 'cannot be read', 'see who owns it', error);
  });
  if (handle === null) return null;
  try {
    assertOwn(folder, await stat(folder), 0o700);
    // Of the file that is read, not of another one that has its name by now.
    assertOwn(file, await handle.stat(), 0o600);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** @param mode - the most that its mode may be */
function assertOwn(path: string, { mode: found, uid }: Stats, mode: number): void {
  // Windows has no modes: there the profile's folder says who may read it.
  if (process.platform === 'win32') return;
  if (uid !== process.getuid?.()) throw wrong(path, 'belongs to somebody else', 'delete it and log in again');
  if ((found & 0o077) === 0) return;
  throw wrong(
    path,
    `may be used by others (mode ${(found & 0o777).toString(8)})`,
    `chmod ${mode.toString(8)}, then log in again: others may have read the tokens`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function wrong(path: string, found: string, remedy: string, cause?: unknown): CountersignError {
  return new CountersignError('invalid_configuration', `${path} ${found}. Remedy: ${remedy}.`, { cause });
}
