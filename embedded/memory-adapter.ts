import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Kept {
  payload: AdapterPayload;
  /** Milliseconds of Unix time. */
  expires: number;
}

const key = (model: string, id: string): string => `${model}:${id}`;

/**
 * Sessions, codes and grants of the demo provider, in memory: a restart logs everybody out. The provider's own
 * memory adapter does the same with a warning that would alarm whoever reads the output of `npm start`.
 */
export function memoryAdapter(): AdapterFactory {
  const kept = new Map<string, Kept>();

  function live(match: (at: string, entry: Kept) => boolean): AdapterPayload | undefined {
    for (const [at, entry] of kept) if (entry.expires > Date.now() && match(at, entry)) return entry.payload;
    return undefined;
  }

  return (model): Adapter => ({
    upsert(id, payload, expiresIn) {
      const now = Date.now();
      for (const [at, entry] of kept) if (entry.expires <= now) kept.delete(at);
      kept.set(key(model, id), {
        payload,
        expires: expiresIn === undefined ? Infinity : now + expiresIn * 1_000,
      });
      return Promise.resolve();
    },
    find: (id) => Promise.resolve(live((at) => at === key(model, id))),
    findByUserCode: (code) => Promise.resolve(live((_at, entry) => entry.payload.userCode === code)),
    findByUid: (uid) =>
      Promise.resolve(live((at, entry) => at.startsWith(key(model, '')) && entry.payload.uid === uid)),
    consume(id) {
      const entry = kept.get(key(model, id));
      if (entry) entry.payload.consumed = Math.floor(Date.now() / 1_000);
      return Promise.resolve();
    },
    destroy(id) {
      kept.delete(key(model, id));
      return Promise.resolve();
    },
    revokeByGrantId(grantId) {
      for (const [at, entry] of kept) if (entry.payload.grantId === grantId) kept.delete(at);
      return Promise.resolve();
    },
  });
}
