import type { Json, JsonObject } from '../domain/json.ts';
import type { PresentedLine } from '../operations/operation.ts';
import type { TargetRead } from './activity-contract.ts';

/**
 * What an approver is shown of what was read, line by line: the members of the snapshot in the order of its schema, each
 * under the `title` that the schema gives it, or under its name.
 *
 * @param schema - of the snapshot; undefined where the declaration has none
 */
export function presentedRead(
  schema: JsonObject | undefined,
  { snapshot }: Pick<TargetRead, 'snapshot'>,
): PresentedLine[] {
  if (snapshot === null) return [{ label: 'target', value: 'there is none' }];
  const properties = objectOf(schema?.['properties']);
  const known = Object.keys(properties).filter((name) => Object.hasOwn(snapshot, name));
  const others = Object.keys(snapshot)
    .filter((name) => !known.includes(name))
    .sort();
  return [...known, ...others].map((name) => {
    const { title } = objectOf(properties[name]);
    return { label: typeof title === 'string' ? title : name, value: shown(snapshot[name] ?? null) };
  });
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
