import { createHash, randomUUID } from 'node:crypto';
import type { Router } from 'express';
import type { Request } from 'express';
import { appendEntry } from '../../audit/append.ts';
import type { JsonObject } from '../../domain/json.ts';
import { newEntry, personActor } from '../../domain/entry.ts';
import type { EventType } from '../../domain/entry.ts';
import { CountersignError } from '../../domain/error.ts';
import { isoTime } from '../../domain/time.ts';
import { checked, invalid } from '../../operations/checked.ts';
import { makeApiTokenSecret } from '../../identity/api-token.ts';
import type { ApiToken } from '../../store/api-token-columns.ts';
import { getApiToken } from '../../store/get-api-token.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { insertApiToken } from '../../store/insert-api-token.ts';
import { listApiTokens } from '../../store/list-api-tokens.ts';
import type { Queryable } from '../../store/queryable.ts';
import { revokeApiToken } from '../../store/revoke-api-token.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { tokenListQuerySchema, tokenSchema, uuidSchema } from '../schemas.ts';

const longestMs = 366 * 86_400_000;

/** `/v1/tokens`: an admin issues, lists and revokes API tokens for machines. Each act is a signed entry, in one transaction with its row. */
export function tokenRoutes(deps: ApiDependencies): Router {
  const { db, namespace, refusals, signer, now = Date.now } = deps;

  /** The admin who calls; anybody else's attempt is recorded. */
  async function adminOf(req: Request, action: string) {
    const { person } = callerOf(req);
    await recorded(refusals, req, { wanted: { kind: 'token', action } }, () => requireRole(person, 'admin'));
    const { issuer, subject, name } = person;
    return { person, by: { issuer, subject, name } };
  }

  async function append(
    client: Queryable,
    req: Request,
    type: EventType,
    token: ApiToken,
    time: string,
    more: JsonObject = {},
  ) {
    const { id, name, scopes, expiresAt } = token;
    const told: JsonObject = { id, name, scopes, expiresAt, ...more };
    const actor = personActor(callerOf(req).person);
    const members = { type, time, actor, token: told, source: req.ip ?? null };
    const draft = newEntry({ namespace, of: `token-${id}`, ordinal: 1 }, members);
    await appendEntry(client, signer.write(draft));
  }

  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      await adminOf(req, 'list');
      const { cursor, limit } = checked(tokenListQuerySchema, req.query);
      // A page ends with a token, whose id is the place.
      const before = cursor === undefined ? null : await getApiToken(db, cursor);
      if (cursor !== undefined && before === null) {
        throw invalid([{ field: 'cursor', rule: 'cursor', message: 'expected the nextCursor of a page' }]);
      }
      // One more than the page has tells whether another follows.
      const found = await listApiTokens(db, before, limit + 1);
      const items = found.slice(0, limit);
      res.json({ items, nextCursor: found.length > limit ? items.at(-1)?.id : null });
    })
    .post(async (req, res) => {
      const { by } = await adminOf(req, 'issue');
      const { name, scopes, expiresAt } = checked(tokenSchema, req.body);
      const at = now();
      const until = Date.parse(expiresAt);
      if (until <= at) {
        throw invalid([{ field: 'expiresAt', rule: 'future', message: 'must be in the future' }]);
      }
      if (until > at + longestMs) {
        throw invalid([{ field: 'expiresAt', rule: 'maximum', message: 'at most 366 days from now' }]);
      }
      const token: ApiToken = {
        id: randomUUID(),
        name,
        scopes: [...new Set(scopes)],
        issuedBy: by,
        issuedAt: isoTime(at),
        expiresAt: isoTime(until),
        revokedAt: null,
        revokedBy: null,
        lastUsedAt: null,
      };
      const { secret, hash } = makeApiTokenSecret();
      await inTransaction(db, async (client) => {
        await insertApiToken(client, token, hash);
        const fingerprint = createHash('sha256').update(hash).digest('hex');
        await append(client, req, 'token.issued', token, token.issuedAt, { fingerprint });
      });
      res
        .status(201)
        .location(`/v1/tokens/${token.id}`)
        .json({ ...token, secret });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/:id')
    .get(async (req, res) => {
      await adminOf(req, 'list');
      res.json(await find(req.params.id));
    })
    .delete(async (req, res) => {
      const { by } = await adminOf(req, 'revoke');
      const token = await find(req.params.id);
      const at = isoTime(now());
      await inTransaction(db, async (client) => {
        // The token was revoked before: the same answer again.
        if (!(await revokeApiToken(client, { id: token.id, by, at }))) return;
        await append(client, req, 'token.revoked', token, at);
      });
      res.json(await find(token.id));
    })
    .all(methodNotAllowed('GET', 'DELETE'));
  return router;

  async function find(id: string): Promise<ApiToken> {
    const token = uuidSchema.safeParse(id).success ? await getApiToken(db, id) : null;
    if (!token) throw new CountersignError('not_found', 'there is no such token');
    return token;
  }
}
