import type { FieldError } from '../domain/error.ts';
import { scopeMemberName, withShortForms } from '../domain/target-scope.ts';
import { checked, givenTwice, invalid } from '../operations/checked.ts';
import { listQuerySchema } from './schemas.ts';

const prefix = 'scope.';

/**
 * The query of `GET /v1/changes`: parameters `scope.<member>` and their short forms are one scope.
 *
 * @throws CountersignError `invalid_request` naming each parameter and rule
 */
export function readListQuery(query: object) {
  const parameters: [string, unknown][] = Object.entries(query);
  const isMember = ([name]: [string, unknown]) =>
    name.startsWith(prefix) && scopeMemberName.test(name.slice(prefix.length));
  const rest = parameters.filter((parameter) => !isMember(parameter));
  // The object itself is no parameter: in the schema it stands for the parameters `scope.<member>`.
  const unknown = rest.filter(([name]) => name === 'scope').map(([field]) => unknownParameter(field));
  if (unknown.length > 0) throw invalid(unknown);
  const members = parameters
    .filter(isMember)
    .map(([name, value]): [string, unknown] => [name.slice(prefix.length), value]);
  const given = { ...Object.fromEntries(rest), scope: Object.fromEntries(members) };
  const { sn, mqttInstanceId, scope: named = {}, ...others } = checked(listQuerySchema, given);
  const { scope, twice } = withShortForms(named, { sn, mqttInstanceId });
  if (twice.length > 0) throw invalid(twice.map(givenTwice));
  return { ...others, scope };
}

function unknownParameter(field: string): FieldError {
  return { field, rule: 'unknown_field', message: 'no such field' };
}
