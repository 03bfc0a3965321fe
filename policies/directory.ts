import { personKey } from '../domain/membership.ts';
import type { PersonId } from '../domain/person.ts';
import { directoryDocument } from './document.ts';
import { directoryIssuerFindings } from './issuers.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './yaml-file.ts';

/** Who is in which group, as a directory file says. */
export interface Directory {
  /** A group's members; undefined for a group that the file does not have. */
  readonly members: (group: string) => readonly PersonId[] | undefined;
  /** The groups that list somebody. */
  readonly groupsIn: (person: PersonId) => readonly string[];
}

/** A directory of these groups. */
export function directoryFrom(groups: Readonly<Record<string, readonly PersonId[]>>): Directory {
  const members = new Map(Object.entries(groups));
  const groupsOf = new Map<string, string[]>();
  for (const [group, people] of members) {
    for (const person of people) {
      const key = personKey(person);
      groupsOf.set(key, [...(groupsOf.get(key) ?? []), group]);
    }
  }
  return {
    members: (group) => members.get(group),
    groupsIn: (person) => groupsOf.get(personKey(person)) ?? [],
  };
}

/**
 * Reads a directory file; an empty one where no file is named. `findings` are what does not keep it from being used.
 *
 * @param issuer - whose tokens are accepted; null where that is not known
 */
export async function readDirectory(
  file: string | null,
  issuer: string | null = null,
): Promise<{ directory: Directory; problems: readonly Problem[]; findings: readonly Problem[] }> {
  if (file === null) return { directory: directoryFrom({}), problems: [], findings: [] };
  const { value, problems, lineOf } = await readYaml(file, directoryDocument);
  const groups = value?.groups ?? {};
  const found = issuer === null ? [] : directoryIssuerFindings(groups, issuer);
  const findings = found.map(({ path, ...finding }) => ({
    ...finding,
    file,
    line: lineOf(path),
    field: path.join('.'),
  }));
  return { directory: directoryFrom(groups), problems, findings };
}
