import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger, SerializedError } from 'pino';
import { pinoHttp } from 'pino-http';
import { isError, shownError } from '../domain/shown-error.ts';

/**
 * A line for each request, under the id that its answer has as `X-Request-Id`.
 *
 * @param quiet - paths that the log has no lines of
 */
export function requestLog(log: Logger, quiet: RegExp): RequestHandler {
  return pinoHttp({
    genReqId: (_req, res) => {
      const id = randomUUID();
      res.setHeader('X-Request-Id', id);
      return id;
    },
    logger: log,
    autoLogging: { ignore: (req) => quiet.test(req.url) },
    customProps: (req) => {
      const changeId = /\/v1\/changes\/([0-9a-f-]{36})/i.exec(req.url)?.[1];
      return changeId === undefined ? {} : { changeId };
    },
    serializers: {
      req: ({
        id,
        method,
        url,
        remoteAddress,
      }: {
        id: unknown;
        method: string;
        url: string;
        remoteAddress: string;
      }) => ({
        id,
        method,
        // A query may hold serial numbers, or the code of a login.
        path: url.split('?')[0],
        remoteAddress,
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      // Postgres' errors hold values in their members. A message that is already prepared for the log stays as it is.
      err: ({ raw }: SerializedError) => (isError(raw) ? shownError(raw) : raw),
    },
  });
}
