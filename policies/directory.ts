import { personKey } from '../domain/membership.ts';
import type { PersonId } from '../domain/person.ts';
import { directoryDocument } from './document.ts';
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

/** Reads a directory file; an empty one where no file is named. */
export async function readDirectory(
  file: string | null,
): Promise<{ directory: Directory; problems: readonly Problem[] }> {
  if (file === null) return { directory: directoryFrom({}), problems: [] };
  const { value, problems } = await readYaml(file, directoryDocument);
  return { directory: directoryFrom(value?.groups ?? {}), problems };
}
