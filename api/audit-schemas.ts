import { z } from 'zod';
import { appenderOfType } from '../domain/entry.ts';
import type { EventType } from '../domain/entry.ts';
import { text } from '../domain/text-schema.ts';
import { limit } from './schemas.ts';

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0 });
const changeId = z.uuid().transform((id) => id.toLowerCase());
const moment = z.iso.datetime({ offset: true });

/** An entry's index in a path. */
export const indexSchema = wholeNumber;

/** Query of `GET /v1/audit/entries`. */
export const auditEntriesQuerySchema = z.strictObject({
  changeId: changeId.optional(),
  type: z.enum(Object.keys(appenderOfType) as EventType[]).optional(),
  actor: text(600).optional(),
  outcome: text(200).optional(),
  requestId: text(200).optional(),
  from: wholeNumber.optional(),
  to: wholeNumber.optional(),
  timeFrom: moment.optional(),
  timeTo: moment.optional(),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.[0-9a-f-]{36}$/)
    .optional(),
  limit,
});

/** Query of `GET /v1/audit/export`: a change, or a range of indexes; all of the log without either. */
export const auditExportQuerySchema = z
  .strictObject({
    changeId: changeId.optional(),
    from: wholeNumber.optional(),
    to: wholeNumber.optional(),
    since: wholeNumber.optional(),
  })
  .check((ctx) => {
    const { changeId: id, from, to } = ctx.value;
    if (id === undefined || (from === undefined && to === undefined)) return;
    const message = 'a change or a range, not both';
    ctx.issues.push({ code: 'custom', input: id, path: ['changeId'], message, params: { rule: 'alone' } });
  });
