import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import { isUnavailable } from '../domain/unavailable.ts';
import type { StoredConsoleSession } from '../store/console-session.ts';
import { deleteConsoleSession } from '../store/delete-console-session.ts';
import { getConsoleSession } from '../store/get-console-session.ts';
import { inTransaction } from '../store/in-transaction.ts';
import { insertConsoleSession } from '../store/insert-console-session.ts';
import { lockConsoleSession } from '../store/lock-console-session.ts';
import { saveConsoleSession } from '../store/save-console-session.ts';
import { useConsoleSession } from '../store/use-console-session.ts';
import { accountSchema, tokensSchema } from './provider.ts';
import type { Account, Provider, Tokens } from './provider.ts';
import type { Seal } from './seal.ts';

/** Without anything done for so long a session is over, ms. */
export const idleMs = 3_600_000;
/** Whatever is done, ms. */
export const longestMs = 12 * 3_600_000;
const minuteMs = 60_000;

const heldSchema = z.strictObject({ account: accountSchema, tokens: tokensSchema });
type Held = z.infer<typeof heldSchema>;

/** A person's session. */
export interface Session {
  readonly idHash: Uint8Array;
  readonly account: Account;
  readonly tokens: Tokens;
  /** When it ends, whatever is done, and when it ends if nothing is; ISO 8601. */
  readonly endsAt: string;
  readonly idleAt: string;
}

/** The sessions of people, in Postgres: every replica of the console has the same. */
export interface Sessions {
  /** Begins one under a new id, and ends the one that it takes the place of. @returns the id, for the browser */
  begin(held: Held, replaces: string | null): Promise<string>;
  /**
   * The session of an id, or null.
   * @param isUse - whether the person does something by it
   */
  find(id: string | undefined, isUse: boolean): Promise<Session | null>;
  /** Whether a session still is one, for whoever relies on it for long. */
  holds(session: Session): Promise<boolean>;
  /**
   * An access token that is good, refreshed where it has to be: of several requests and of several replicas one asks the
   * provider.
   *
   * @param refused - a token that the API did not take, and which is not wanted again
   * @throws CountersignError `unauthenticated` where the session is over; `identity_unavailable`
   */
  accessToken(session: Session, refused?: string): Promise<string>;
  /** Ends one. @returns what it was, or null where there was none */
  end(id: string | undefined): Promise<Pick<Session, 'account' | 'tokens'> | null>;
}

/** What {@link createSessions} works with. */
export interface SessionsDependencies {
  readonly db: Pool;
  /**
   * Connections for what waits for the provider while it locks a session: apart from the others, so that a provider that does
   * not answer takes the console away from nobody else.
   */
  readonly refreshDb: Pool;
  readonly seal: Seal;
  readonly provider: Pick<Provider, 'refresh'>;
  readonly onRefresh?: (outcome: 'refreshed' | 'over' | 'unavailable') => void;
  readonly now?: () => number;
}

export function createSessions(deps: SessionsDependencies): Sessions {
  const { db, refreshDb, seal, provider, onRefresh, now = Date.now } = deps;
  const refreshing = new Map<string, Promise<Tokens>>();

  const live = (idHash: Uint8Array) => ({
    idHash,
    now: isoTime(now()),
    idleSince: isoTime(now() - idleMs),
  });

  function opened({ idHash, sealed, endsAt, usedAt }: StoredConsoleSession): Session | null {
    const held = heldSchema.safeParse(seal.open(sealed, placeOf(idHash, endsAt)));
    if (!held.success) return null;
    return { idHash, ...held.data, endsAt, idleAt: isoTime(Date.parse(usedAt) + idleMs) };
  }

  /** Other tokens than those with `seen`, by whoever comes first. */
  async function refreshed(idHash: Uint8Array, seen: string): Promise<Tokens> {
    const tokens = await inTransaction(refreshDb, async (client) => {
      const stored = await lockConsoleSession(client, live(idHash));
      const session = stored && opened(stored);
      if (session === null) return null;
      const { account, endsAt } = session;
      // Somebody else was first.
      if (session.tokens.access !== seen) return session.tokens;
      const next = await provider.refresh(session);
      if (next === null) await deleteConsoleSession(client, idHash);
      else await saveConsoleSession(client, idHash, sealed(idHash, endsAt, { account, tokens: next }));
      onRefresh?.(next === null ? 'over' : 'refreshed');
      return next;
    });
    if (tokens === null) throw over();
    return tokens;
  }

  /** The same for all requests of this process. */
  function refreshedOnce(idHash: Uint8Array, seen: string): Promise<Tokens> {
    const key = `${Buffer.from(idHash).toString('base64')} ${seen}`;
    const under = refreshing.get(key);
    if (under) return under;
    const work = refreshed(idHash, seen).finally(() => refreshing.delete(key));
    refreshing.set(key, work);
    return work;
  }

  function sealed(idHash: Uint8Array, endsAt: string, held: Held): Buffer {
    return seal.seal(held, placeOf(idHash, endsAt));
  }

  return {
    async begin(held, replaces) {
      // Never the id that the browser had before: somebody else may know that one.
      const id = randomBytes(32).toString('base64url');
      const idHash = hashOf(id);
      const at = now();
      const endsAt = isoTime(at + longestMs);
      await inTransaction(db, async (client) => {
        if (replaces !== null) await deleteConsoleSession(client, hashOf(replaces));
        await insertConsoleSession(client, {
          idHash,
          sealed: sealed(idHash, endsAt, held),
          startedAt: isoTime(at),
          usedAt: isoTime(at),
          endsAt,
        });
      });
      return id;
    },
    async find(id, isUse) {
      if (!isId(id)) return null;
      const idHash = hashOf(id);
      const stored = await getConsoleSession(db, live(idHash));
      if (stored === null) return null;
      if (isUse && now() - Date.parse(stored.usedAt) >= minuteMs) {
        await useConsoleSession(db, idHash, isoTime(now()));
        return opened({ ...stored, usedAt: isoTime(now()) });
      }
      return opened(stored);
    },
    holds: async ({ idHash }) => (await getConsoleSession(db, live(idHash))) !== null,
    async accessToken({ idHash, tokens }, refused) {
      if (refused === undefined && now() < tokens.refreshAt) return tokens.access;
      try {
        return (await refreshedOnce(idHash, refused ?? tokens.access)).access;
      } catch (error) {
        const isAway = isUnavailable(error) || (error as { code?: unknown }).code === 'identity_unavailable';
        if (isAway) onRefresh?.('unavailable');
        // It is early enough to ask again.
        if (isAway && refused === undefined && now() < tokens.expiresAt) return tokens.access;
        throw error;
      }
    },
    async end(id) {
      if (!isId(id)) return null;
      const stored = await deleteConsoleSession(db, hashOf(id));
      return stored && opened(stored);
    },
  };
}

/** @returns the error of somebody who has to log in */
export function over(): CountersignError {
  return new CountersignError('unauthenticated', 'there is no session, or it is over: log in');
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}

function isId(id: string | undefined): id is string {
  return id !== undefined && /^[\w-]{43}$/.test(id);
}

/** What a row holds opens in no other row, and in none that ends at another time. */
function placeOf(idHash: Uint8Array, endsAt: string): string {
  return `session ${Buffer.from(idHash).toString('hex')} ${endsAt}`;
}
