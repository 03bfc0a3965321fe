import { parseDocument } from 'yaml';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import { isoTime } from '../domain/time.ts';

const text = z.string().trim().min(1);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const moment = z.iso.datetime({ offset: true }).transform((value) => isoTime(Date.parse(value)));
const entry = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
      // An override names a freeze by either.
      .refine((name) => !uuid.test(name), { error: 'must not look like the id of a declared freeze' }),
    reason: text.max(2000),
    operation: text.optional(),
    regionId: text.optional(),
    mqttInstanceId: text.optional(),
    startsAt: moment,
    endsAt: moment,
  })
  .refine(({ startsAt, endsAt }) => startsAt < endsAt, { path: ['endsAt'], error: 'must be after startsAt' });
const calendar = z.array(entry).refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
  error: 'two freezes have one name',
});

/**
 * The freezes of a calendar file: a YAML list, each with `name`, `reason`, `startsAt`, `endsAt` and, to hold only some
 * changes, `operation`, `regionId`, `mqttInstanceId` (`*` for any text, `?` for one character). An empty file has none.
 *
 * @throws CountersignError `invalid_configuration` naming each entry and rule
 */
export function readFreezeCalendar(file: string): Freeze[] {
  const document = parseDocument(file);
  const [broken] = document.errors;
  if (broken) throw refused([{ field: 'calendar', rule: 'yaml', message: broken.message }]);
  const result = calendar.safeParse(document.toJS() ?? []);
  if (!result.success) {
    throw refused(
      result.error.issues.map(({ path, code, message }) => ({
        field: path.join('.') || 'calendar',
        rule: code,
        message,
      })),
    );
  }
  return result.data.map(({ name, operation, regionId, mqttInstanceId, ...rest }) => ({
    ...rest,
    id: name,
    operation: operation ?? null,
    regionId: regionId ?? null,
    mqttInstanceId: mqttInstanceId ?? null,
    declaredBy: null,
    declaredAt: null,
    liftedBy: null,
    liftedAt: null,
  }));
}

function refused(errors: { field: string; rule: string; message: string }[]): CountersignError {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new CountersignError('invalid_configuration', `freeze calendar: ${detail}`, { errors });
}
