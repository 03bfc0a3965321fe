import { stat } from 'node:fs/promises';
import type { PayloadKey } from '../codec/key-ring.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { readKeys } from './payload-keys.ts';
import { readHostCodecs } from './payloads.ts';

type Variables = Pick<Environment, 'COUNTERSIGN_PAYLOAD_KEYS' | 'COUNTERSIGN_HOST_CODECS'>;

/** The file of payload keys and the codecs of hosts, as a process of this environment would read them; nothing where neither is set. */
export async function examinePayloads(env: Variables): Promise<(Finding | null)[]> {
  return Promise.all([keysFinding(env), codecsFinding(env)]);
}

async function keysFinding({ COUNTERSIGN_PAYLOAD_KEYS: file }: Variables): Promise<Finding | null> {
  const name = 'Payload keys';
  if (file === undefined) return null;
  try {
    return { name, ok: true, found: `${file}: ${toldOf(await readKeys(file))}`, remedy: '' };
  } catch (error) {
    const isThere = (await stat(file).catch(() => null)) !== null;
    const remedy = isThere
      ? 'it has to be readable for API and workers, for nobody else, and hold their keys'
      : 'put the file there that the other processes have; an installation that has none yet: unset COUNTERSIGN_PAYLOAD_KEYS, and countersign keys makes one in its home';
    return { name, ok: false, found: (error as Error).message, remedy };
  }
}

/** Ids are no secret: payloads name them. */
function toldOf(keys: readonly PayloadKey[]): string {
  const idsOf = (use: PayloadKey['use']) => keys.filter((key) => key.use === use).map(({ id }) => id);
  const [current] = idsOf('current');
  const others = (['next', 'old'] as const).flatMap((use) => idsOf(use).map((id) => `${use} ${id}`));
  const first =
    current === undefined ? 'no current key, payloads are stored as they are' : `current ${current}`;
  return [first, ...others].join(', ');
}

async function codecsFinding(env: Variables): Promise<Finding | null> {
  const name = 'Host codecs';
  if (env.COUNTERSIGN_HOST_CODECS === undefined) return null;
  try {
    const encodings = (await readHostCodecs(env)).flatMap((codec) => codec.encodings);
    return { name, ok: true, found: `for payloads in ${encodings.join(', ')}`, remedy: '' };
  } catch (error) {
    return { name, ok: false, found: (error as Error).message, remedy: 'correct COUNTERSIGN_HOST_CODECS' };
  }
}
