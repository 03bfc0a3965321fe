import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import type { Request, Response, Router } from 'express';
import { CountersignError, httpStatusOfCode } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { isoTime } from '../../domain/time.ts';
import { hasInbound } from '../../store/has-inbound.ts';
import { insertInbound } from '../../store/insert-inbound.ts';
import type { InboundDelivery } from '../../store/insert-inbound.ts';
import { releaseInbound } from '../../store/release-inbound.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { InboundSystem, InboundVerdict, Told } from '../inbound.ts';
import { addressLimit, makeAccountLimit } from '../inbound-limits.ts';
import { makeDecideOutside } from '../outside-decision.ts';
import { methodNotAllowed, problemOf } from '../problem.ts';
import { exactRouter } from '../router.ts';

/** Longest body; what is longer is refused, and the sweep finds the ticket. */
const bodyLimit = '1mb';
const usualPatienceMs = 25_000;

/** What a decision can fail with only before it is signed. */
const beforeSigning: ReadonlySet<ErrorCode> = new Set(['log_unavailable', 'not_sealed']);
/** What the person hears of a delivery that came before, since what became of that one is not kept. */
const cameBefore: Told = {
  outcome: 'unavailable',
  code: 'outcome_not_known',
  message: 'it came before, and that one counts if any does',
};

type Delivered<K extends InboundVerdict['kind']> = Extract<InboundVerdict, { readonly kind: K }>;
/** What became of a decision, and the error that it was. */
interface Decided {
  readonly told: Told;
  readonly error?: Error;
}
type From = InboundSystem & { readonly name: string };

/**
 * `POST /v1/inbound/{system}`: webhooks of ticket systems, clicks and decisions of chats. No bearer token: each delivery is
 * signed by its system over the raw bytes. A delivery that comes again is answered 200 and changes nothing.
 */
export function inboundRoutes(deps: ApiDependencies): Router {
  const { db, inbound, now = Date.now } = deps;
  const outside = makeDecideOutside(deps);
  const limitAccount = makeAccountLimit(deps.writesPerMinute ?? 120, now);

  async function receive(req: Request<{ system: string }>, res: Response): Promise<void> {
    const system = systemOf(req.params.system);
    const raw = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    const verdict = system.verify({ raw, headers: single(req.headers), now: now() });
    const source = req.ip ?? null;
    const taken = (delivery: Pick<InboundDelivery, 'deliveryId' | 'kind'> & Partial<InboundDelivery>) =>
      insertInbound(db, {
        system: system.name,
        tickets: null,
        click: null,
        bodyDigest: createHash('sha256').update(raw).digest('hex'),
        receivedAt: isoTime(now()),
        ...delivery,
      });
    switch (verdict.kind) {
      case 'refused':
        throw new CountersignError(
          'unauthenticated',
          `the delivery is not signed by ${system.name}, or not now`,
        );
      case 'malformed':
        throw new CountersignError('invalid_request', verdict.message);
      case 'ignored':
        answered(res, verdict.answer);
        return;
      case 'hint':
        await taken(verdict);
        answered(res);
        return;
      case 'click':
        await click(system, verdict, source, taken);
        answered(res);
        return;
      case 'decision': {
        const { answer } = system;
        if (!(await taken({ deliveryId: verdict.deliveryId, kind: 'decision' }))) {
          answered(res, answer?.(cameBefore));
          return;
        }
        const { told, error } = await decide(system, verdict, source);
        if (answer) answered(res, answer(told));
        else if (error !== undefined) throw error;
        else if (told.outcome === 'pending') {
          throw new CountersignError('outcome_not_known', 'no answer in time; it may still take effect');
        } else answered(res, { outcome: told.outcome });
      }
    }
  }

  /** The person is told at once why not, or else the deliverer opens the form: it has the token for that, and hears of the row. */
  async function click(
    system: From,
    { deliveryId, account, action, changeId, digest, open, replyTo }: Delivered<'click'>,
    source: string | null,
    taken: (delivery: Pick<InboundDelivery, 'deliveryId' | 'kind' | 'click'>) => Promise<boolean>,
  ): Promise<void> {
    if (await hasInbound(db, system.name, deliveryId)) return;
    try {
      limitAccount(system.name, account);
      await outside.consider(system.name, { account, action, changeId, digest }, source);
    } catch (error) {
      const told = failed(system, error);
      if (await taken({ deliveryId, kind: 'decision', click: null })) void tellLater(system, replyTo, told);
      return;
    }
    await taken({ deliveryId, kind: 'click', click: { ...open, replyTo } });
  }

  /** A decision, or what is known of it when the system waits no longer. */
  async function decide(
    system: From,
    verdict: Delivered<'decision'>,
    source: string | null,
  ): Promise<Decided> {
    const { deliveryId, account, action, changeId, digest, comment, replyTo } = verdict;
    const deciding = (async (): Promise<Decided> => {
      try {
        limitAccount(system.name, account);
        await outside.decide(system.name, { account, action, changeId, digest, comment }, source);
        return { told: { outcome: 'recorded', action } };
      } catch (error) {
        const told = failed(system, error);
        // Nothing was signed yet: the same delivery may come again. After any other failure the decision may stand.
        if (beforeSigning.has(told.code)) {
          await releaseInbound(db, system.name, deliveryId).catch((err: unknown) => {
            deps.log.warn({ err: err as Error }, 'a delivery could not be released');
          });
        }
        return { told, error: error instanceof Error ? error : new Error('no error was thrown') };
      }
    })();
    const patience = new AbortController();
    const tooLong = delay(system.patienceMs ?? usualPatienceMs, null, { signal: patience.signal }).catch(
      () => null,
    );
    const decided = await Promise.race([deciding, tooLong]);
    patience.abort();
    if (decided !== null) return decided;
    const late = deciding
      .then(({ told }) => tellLater(system, replyTo, told))
      .finally(() => deps.underWay?.delete(late));
    deps.underWay?.add(late);
    return { told: { outcome: 'pending' } };
  }

  /** What the person hears of an error; the log has the rest, where it is ours. */
  function failed({ name, answer }: From, error: unknown): ReturnType<typeof toldOf> {
    const told = toldOf(error);
    // Without an answer of the system's own the error becomes a problem, which is logged there.
    if (told.outcome === 'unavailable' && answer) {
      deps.log.error({ err: error as Error, code: told.code, system: name }, 'a decision could not be taken');
    }
    return told;
  }

  async function tellLater({ name, tell }: From, replyTo: string | null, told: Told): Promise<void> {
    if (replyTo === null || !tell) return;
    await tell(replyTo, told).catch((err: unknown) => {
      deps.log.warn(
        { err: err as Error, system: name },
        'somebody could not be told what became of their decision',
      );
    });
  }

  function systemOf(name: string): From {
    const system = inbound?.().get(name);
    if (!system) throw new CountersignError('not_found', 'nothing is expected from such a system');
    return { ...system, name };
  }

  const router = exactRouter();
  router
    .route('/:system')
    .all(
      (req: Request<{ system: string }>, _res, next) => {
        systemOf(req.params.system);
        next();
      },
      addressLimit(deps.inboundPerMinute ?? 1200, 'all'),
      addressLimit(deps.refusedTokensPerMinute ?? 60, 'refused'),
      express.raw({ type: () => true, limit: bodyLimit, inflate: false }),
    )
    .post(receive)
    .all(methodNotAllowed('POST'));
  return router;
}

function answered(res: Response, body: object = {}): void {
  res.json(body);
}

/** Headers as single texts; of those that may come twice, none bears a signature. */
function single(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/** An error as the person may hear it. */
function toldOf(error: unknown): Extract<Told, { readonly code: unknown }> {
  const { code, detail } = problemOf(error);
  return { outcome: httpStatusOfCode[code] >= 500 ? 'unavailable' : 'refused', code, message: detail };
}
