import { personKey } from './membership.ts';
import type { PersonId, Role } from './person.ts';

/**
 * The three administrators that MLPS level 3 (GB/T 22239-2019, the management centre's controls) wants to be different people,
 * by the roles here.
 */
export const administrators = { operator: 'system', admin: 'security', auditor: 'audit' } as const;
type AdministratorRole = keyof typeof administrators;

/** Who is more than one of {@link administrators}. */
export interface Overlap {
  /** A value of the roles' claim, or a person. */
  readonly who: string;
  readonly roles: readonly AdministratorRole[];
}

/**
 * Who is more than one administrator: a value of a claim that gives two of their roles, or a person whose groups do together.
 *
 * @param roleMap - the roles that each value of the claim gives
 * @param members - the people of a group that has the name of such a value; undefined where no directory has it
 */
export function overlaps(
  roleMap: ReadonlyMap<string, readonly Role[]>,
  members: (group: string) => readonly PersonId[] | undefined,
): Overlap[] {
  const ofPeople = new Map<string, { readonly person: PersonId; readonly roles: Set<Role> }>();
  for (const [value, roles] of roleMap) {
    for (const person of members(value) ?? []) {
      const key = personKey(person);
      const known = ofPeople.get(key) ?? { person, roles: new Set<Role>() };
      for (const role of roles) known.roles.add(role);
      ofPeople.set(key, known);
    }
  }
  return [
    ...[...roleMap].map(([value, roles]) => ({ who: `value ${value}`, roles })),
    ...[...ofPeople.values()].map(({ person, roles }) => ({
      who: `${person.subject} of ${person.issuer}`,
      roles: [...roles],
    })),
  ].flatMap(({ who, roles }) => {
    const theirs = roles.filter(isAdministrator);
    return new Set(theirs).size > 1 ? [{ who, roles: theirs }] : [];
  });
}

function isAdministrator(role: Role): role is AdministratorRole {
  return Object.hasOwn(administrators, role);
}
