import { parseDocument } from 'yaml';
import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import type { Freeze } from '../domain/freeze.ts';
import { scopeOf, scopePattern } from '../domain/target-schema.ts';
import { withShortForms } from '../domain/target-scope.ts';
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
    scope: scopeOf(scopePattern).default({}),
    regionId: scopePattern.optional(),
    mqttInstanceId: scopePattern.optional(),
    startsAt: moment,
    endsAt: moment,
  })
  .refine(({ startsAt, endsAt }) => startsAt < endsAt, { path: ['endsAt'], error: 'must be after startsAt' })
  .transform(({ regionId, mqttInstanceId, ...freeze }, ctx) => {
    const { scope, twice } = withShortForms(freeze.scope, { regionId, mqttInstanceId });
    for (const path of twice) {
      ctx.issues.push({ code: 'custom', input: path, path: [path], message: `scope has ${path}, too` });
    }
    return { ...freeze, scope };
  });
const calendar = z.array(entry).refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
  error: 'two freezes have one name',
});

/**
 * The freezes of a calendar file: a YAML list, each with `name`, `reason`, `startsAt`, `endsAt` and, to hold only some
 * changes, `operation` and `scope` (`*` for any text, `?` for one character); `regionId` and `mqttInstanceId` are short for
 * members of `scope`. An empty file has none.
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
  return result.data.map(({ name, operation, ...rest }) => ({
    ...rest,
    id: name,
    operation: operation ?? null,
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
