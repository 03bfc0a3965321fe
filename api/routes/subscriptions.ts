import { randomBytes, randomUUID } from 'node:crypto';
import type { Request, Router } from 'express';
import { appendEntry } from '../../audit/append.ts';
import { newEntry, personActor } from '../../domain/entry.ts';
import type { EventType } from '../../domain/entry.ts';
import { CountersignError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { isoTime } from '../../domain/time.ts';
import { checked } from '../../operations/checked.ts';
import { activateSubscription } from '../../store/activate-subscription.ts';
import { deleteSubscription } from '../../store/delete-subscription.ts';
import { getSubscription } from '../../store/get-subscription.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { insertSubscriptionSecret } from '../../store/insert-subscription-secret.ts';
import { insertSubscription } from '../../store/insert-subscription.ts';
import { listDeadLetters } from '../../store/list-dead-letters.ts';
import { listSubscriptions } from '../../store/list-subscriptions.ts';
import type { Queryable } from '../../store/queryable.ts';
import { noBacklog, readBacklog } from '../../store/read-backlog.ts';
import { replayDeadLetters } from '../../store/replay-dead-letters.ts';
import { wakeDeliverers } from '../../store/wake-deliverers.ts';
import { callerOf, requireRole } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { methodNotAllowed } from '../problem.ts';
import { recorded } from '../recorded.ts';
import { exactRouter } from '../router.ts';
import {
  deadLetterCursorOf,
  deadLetterListQuerySchema,
  replaySchema,
  replayedLetters,
  subscriptionSchema,
} from '../subscription-schemas.ts';

/**
 * `/v1/subscriptions`: an admin makes, looks at and removes subscriptions, and replays their dead letters. Each act is a signed entry,
 * in one transaction with what it does.
 */
export function subscriptionRoutes(deps: ApiDependencies): Router {
  const { db, namespace, refusals, signer, now = Date.now } = deps;

  /** The admin who calls; anybody else's attempt is recorded. */
  async function adminOf(req: Request, action: string) {
    const { person } = callerOf(req);
    await recorded(refusals, req, { wanted: { kind: 'subscription', action } }, () =>
      requireRole(person, 'admin'),
    );
    const { issuer, subject, name } = person;
    return { issuer, subject, name };
  }

  /** @param place - what makes the entry one beside the subscription's name */
  async function append(
    client: Queryable,
    req: Request,
    type: EventType,
    { name, target, filter }: Pick<Subscription, 'name' | 'target' | 'filter'>,
    time: string,
    more: JsonObject = {},
  ): Promise<void> {
    const told = { name, target: { ...target }, filter: { ...filter } } as unknown as JsonObject;
    const actor = personActor(callerOf(req).person);
    const members = { type, time, actor, subscription: told, source: req.ip ?? null, ...more };
    // A name may be used again, and each act is one of its own.
    const place = { namespace, of: `subscription-${name}`, ordinal: randomUUID() };
    await appendEntry(client, signer.write(newEntry(place, members)));
  }

  async function find(name: string): Promise<Subscription> {
    const found = await getSubscription(db, name);
    if (!found) throw new CountersignError('not_found', 'there is no such subscription');
    return found;
  }

  async function shown(subscription: Subscription) {
    const backlog = (await readBacklog(db, subscription.name)).get(subscription.name);
    return { ...subscription, ...(backlog ?? noBacklog) };
  }

  const router = exactRouter();
  router
    .route('/')
    .get(async (req, res) => {
      await adminOf(req, 'list');
      const backlogs = await readBacklog(db);
      const items = await listSubscriptions(db);
      res.json({ items: items.map((one) => ({ ...one, ...(backlogs.get(one.name) ?? noBacklog) })) });
    })
    .post(async (req, res) => {
      const by = await adminOf(req, 'create');
      const { name, url, filter, form } = checked(subscriptionSchema, req.body);
      const at = isoTime(now());
      const target = { kind: 'webhook', host: new URL(url).host, form } as const;
      const secret = newSecret();
      await inTransaction(db, async (client) => {
        const made = { name, target, filter, createdBy: by, createdAt: at };
        if (!(await insertSubscription(client, made, url))) {
          throw new CountersignError('subscription_exists', `there is a subscription ${name}`);
        }
        await insertSubscriptionSecret(client, name, secret, at);
        await append(client, req, 'subscription.created', made, at);
        await wakeDeliverers(client);
      });
      res
        .status(201)
        .location(`/v1/subscriptions/${name}`)
        .json({ ...(await shown(await find(name))), secret });
    })
    .all(methodNotAllowed('GET', 'POST'));

  router
    .route('/:name')
    .get(async (req, res) => {
      await adminOf(req, 'list');
      res.json(await shown(await find(req.params.name)));
    })
    .delete(async (req, res, next) => {
      await adminOf(req, 'delete');
      const subscription = await find(req.params.name);
      if (subscription.source === 'file') {
        // What the file says can only be removed from the file.
        methodNotAllowed('GET')(req, res, next);
        return;
      }
      await inTransaction(db, async (client) => {
        if (!(await deleteSubscription(client, subscription.name))) return;
        await append(client, req, 'subscription.deleted', subscription, isoTime(now()));
        await wakeDeliverers(client);
      });
      res.json(subscription);
    })
    .all(methodNotAllowed('GET', 'DELETE'));

  router
    .route('/:name/secrets')
    .post(async (req, res) => {
      await adminOf(req, 'replace the secret');
      const subscription = await find(req.params.name);
      if (subscription.source === 'file') {
        throw new CountersignError('method_not_allowed', 'the secrets of this subscription are in files');
      }
      const secret = newSecret();
      const at = isoTime(now());
      await inTransaction(db, async (client) => {
        await insertSubscriptionSecret(client, subscription.name, secret, at);
        await append(client, req, 'subscription.changed', subscription, at, { action: 'secret_replaced' });
        await wakeDeliverers(client);
      });
      res.status(201).json({ secret });
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/:name/activation')
    .post(async (req, res) => {
      await adminOf(req, 'activate');
      const subscription = await find(req.params.name);
      const at = isoTime(now());
      await inTransaction(db, async (client) => {
        // It was active: the same answer again.
        if (!(await activateSubscription(client, subscription.name, at))) return;
        await append(client, req, 'subscription.changed', subscription, at, { action: 'activated' });
        await wakeDeliverers(client);
      });
      res.json(await shown(await find(subscription.name)));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/:name/replays')
    .post(async (req, res) => {
      await adminOf(req, 'replay');
      const subscription = await find(req.params.name);
      const which = replayedLetters(checked(replaySchema, req.body));
      const at = isoTime(now());
      const replayed = await inTransaction(db, async (client) => {
        const count = await replayDeadLetters(client, subscription.name, which, at);
        if (count === 0) return 0;
        const more = { action: 'replayed', replay: { ...which, count } };
        await append(client, req, 'subscription.changed', subscription, at, more);
        await wakeDeliverers(client);
        return count;
      });
      res.json({ replayed });
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/:name/dead-letters')
    .get(async (req, res) => {
      await adminOf(req, 'list');
      const { name } = await find(req.params.name);
      const { cursor, limit } = checked(deadLetterListQuerySchema, req.query);
      // One more than the page has tells whether another follows.
      const after = cursor === undefined ? null : deadLetterCursorOf(cursor);
      const found = await listDeadLetters(db, name, after, limit + 1);
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      res.json({ items, nextCursor: last ? `${last.from}.${last.changeId}` : null });
    })
    .all(methodNotAllowed('GET'));
  return router;
}

/** A secret of webhooks: 256 random bits, as Standard Webhooks writes them. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
