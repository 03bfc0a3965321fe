import { groupsUnder } from '../domain/membership.ts';
import type { GroupSource } from '../domain/policy.ts';
import type { Person } from '../domain/person.ts';
import type { PolicySet } from './load.ts';

/** A group that policies name, and where it is known from that somebody is in it. */
export interface OwnGroup {
  readonly name: string;
  readonly source: GroupSource['source'];
}

/** The groups in which the policies see somebody. What their token names beside these, no policy asks for. */
export function ownGroups({ rules, directory }: PolicySet, person: Person): OwnGroup[] {
  const listed = directory.groupsIn(person);
  const found = new Map<string, OwnGroup>();
  for (const { policy } of rules) {
    for (const name of groupsUnder(policy, person, person.groups, listed)) {
      const source = policy.groups[name]?.source;
      if (source !== undefined) found.set(name, { name, source });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
