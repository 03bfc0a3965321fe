import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCrossSigned } from '../audit/key-rotation.ts';
import { CountersignError } from '../domain/error.ts';
import { signedRotationIn } from '../domain/key-rotation.ts';
import type { KeyUse, SignedRotation } from '../domain/key-rotation.ts';
import { makeOnce } from '../embedded/make-once.ts';
import type { Environment } from './environment.ts';
import { readTextFile } from './text-file.ts';

type Home = Pick<Environment, 'COUNTERSIGN_HOME' | 'COUNTERSIGN_KEY_ROTATIONS'>;

/** The folder of the rotations that processes write into the log. Nothing in it is secret. */
function rotationFolder({ COUNTERSIGN_HOME: home, COUNTERSIGN_KEY_ROTATIONS: given }: Home): string {
  return given ?? join(home, 'keys', 'rotations');
}

/** The file of the rotation to a new key. @param id - the new key's */
function rotationFile(env: Home, use: KeyUse, id: string): string {
  return join(rotationFolder(env), `${use}-${id.replaceAll(/[^\w.-]/g, '_')}.json`);
}

/** Keeps a rotation in its file, or answers the one that is there. */
export async function keepRotation(
  env: Home,
  use: KeyUse,
  id: string,
  make: () => SignedRotation,
): Promise<SignedRotation> {
  const file = rotationFile(env, use, id);
  return parsed(file, await makeOnce(file, () => `${JSON.stringify(make(), null, 2)}\n`, 0o644));
}

/**
 * The rotations of keys of a use, the oldest first.
 * @throws CountersignError `invalid_configuration` naming a file that is none, or that both keys have not signed
 */
export async function readRotations(env: Home, use: KeyUse): Promise<SignedRotation[]> {
  const folder = rotationFolder(env);
  const names = await readdir(folder).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new CountersignError('invalid_configuration', `${folder} cannot be read`, { cause });
  });
  const files = names.filter((name) => name.startsWith(`${use}-`) && name.endsWith('.json'));
  const all = await Promise.all(
    files.map(async (name) => {
      const file = join(folder, name);
      return parsed(file, await readTextFile(file, 'a rotation of keys'));
    }),
  );
  return all
    .filter(({ rotation }) => rotation.use === use)
    .sort((a, b) => (a.rotation.at < b.rotation.at ? -1 : 1));
}

function parsed(file: string, text: string): SignedRotation {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Told of below.
  }
  const signed = signedRotationIn(value);
  if (signed !== null && isCrossSigned(signed)) return signed;
  throw new CountersignError('invalid_configuration', `${file} is no rotation that both keys have signed`);
}
