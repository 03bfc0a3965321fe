import type { Router } from 'express';
import { createSession } from 'better-sse';
import { entriesOfChange } from '../../audit/entries.ts';
import type { StoredEntry } from '../../audit/entries.ts';
import { CountersignError } from '../../domain/error.ts';
import { shownJson } from '../../domain/shown-text.ts';
import { invalid } from '../../operations/checked.ts';
import { callerOf } from '../caller.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { exactRouter } from '../router.ts';
import { methodNotAllowed } from '../problem.ts';
import { makeStreamLimit } from '../stream-limit.ts';
import { makeReadChange } from '../view.ts';

const pageSize = 500;
const beatMs = 15_000;

/** `GET /v1/changes/{id}/events`: the change's entries, as JSON or live. */
export function eventRoutes(deps: ApiDependencies): Router {
  const { db, feed, now = Date.now } = deps;
  const readChange = makeReadChange(deps);
  const streams = makeStreamLimit(deps.streamsPerPerson ?? 200);
  const router = exactRouter({ mergeParams: true });
  router
    .route('/:id/events')
    .get(async (req, res) => {
      const { person, expiresAt, recheck } = callerOf(req);
      const change = await readChange(req.params.id, person);
      const live = req.method === 'GET' && (req.headers.accept ?? '').includes('text/event-stream');
      if (!live) {
        const items: ReturnType<typeof shown>[] = [];
        for (let after: number | undefined; ;) {
          const page = await entriesOfChange(db, change.id, { afterIndex: after, limit: pageSize });
          items.push(...page.map(shown));
          const last = page.at(-1);
          if (page.length < pageSize || last?.index == null) break;
          after = last.index;
        }
        res.json({ items });
        return;
      }

      let after = lastEventId(req.headers['last-event-id']);
      // The change is read before its entries: if it is closed, the entries are then complete. Later the log tells of its end.
      let ended = change.closedAt !== null;
      // The keep-alive is our own: that of the session would go on for a client who left before the stream began.
      const closed = streams.opened(person);
      // Also where the client is gone before the stream has begun.
      res.once('close', closed);
      if (res.destroyed) closed();
      const session = await createSession(req, res, { keepAlive: null, serializer: shownJson });
      let sending = Promise.resolve();
      const isOpen = () => !res.writableEnded && !res.destroyed;
      const end = () => {
        if (isOpen()) res.end();
      };
      /** A token may be revoked while its stream is open. */
      const isGood = async (): Promise<boolean> => {
        try {
          await recheck?.();
          return true;
        } catch (error) {
          if (error instanceof CountersignError) return false;
          throw error;
        }
      };
      const sendNew = async (): Promise<void> => {
        if (!isOpen()) return;
        if (!(await isGood())) {
          end();
          return;
        }
        let waiting: number;
        let more: boolean;
        do {
          const page = await entriesOfChange(db, change.id, { afterIndex: after, limit: pageSize });
          // Entries without an index come last; the next wake brings them.
          waiting = page.filter(({ index }) => index === null).length;
          for (const entry of page) {
            if (entry.index === null) break;
            if (!isOpen()) return;
            session.push(shown(entry), entry.body.type, String(entry.index));
            after = entry.index;
            ended ||= entry.body.type === 'change.closed';
          }
          more = page.length === pageSize && waiting === 0;
        } while (more);
        if (ended && waiting === 0) end();
      };
      const wake = () => {
        sending = sending.then(sendNew).catch((error: unknown) => {
          req.log.warn({ err: error as Error }, 'event stream cannot read the log');
          end();
        });
      };
      const subscriptions = [feed.subscribe(change.id, wake)];
      // A machine's token may be revoked by another process.
      if (recheck) subscriptions.push(feed.subscribe(person.subject, wake));
      const expiry = setTimeout(end, Math.min(Math.max(0, expiresAt - now()), 2 ** 31 - 1));
      const beat = setInterval(() => {
        if (!isOpen()) return;
        res.write(':\n\n');
        if (recheck) wake();
      }, beatMs);
      const stop = () => {
        for (const unsubscribe of subscriptions) unsubscribe();
        clearTimeout(expiry);
        clearInterval(beat);
      };
      if (!isOpen()) {
        stop();
        return;
      }
      res.once('close', stop);
      wake();
    })
    .all(methodNotAllowed('GET'));
  return router;
}

function shown({ index, key, body }: StoredEntry) {
  return { index, key, ...body };
}

function lastEventId(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw invalid([{ field: 'Last-Event-ID', rule: 'format', message: 'must be an entry index' }]);
}
