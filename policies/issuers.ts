import { machineIssuer } from '../domain/person.ts';
import type { PersonId } from '../domain/person.ts';
import type { PolicyDocument } from './document.ts';
import type { Finding } from './problem.ts';

/**
 * People whom nobody can be: tokens come from one issuer, and it is compared as it is written. A slash at its end is another
 * issuer. Told once for each list, with the first of them.
 *
 * @param issuer - `OIDC_ISSUER`
 */
export function issuerFindings({ groups, policies }: PolicyDocument, issuer: string): Finding[] {
  return [
    ...Object.entries(groups).flatMap(([name, source]) =>
      source.source === 'members' ? ofList(['groups', name, 'members'], source.members, issuer) : [],
    ),
    ...policies.flatMap(({ delegations }, p) =>
      delegations.flatMap(({ from, to }, d) =>
        [{ from }, { to }].flatMap((side) => {
          const [member = '', person] = Object.entries(side)[0] ?? [];
          const path = ['policies', p, 'delegations', d, member];
          return person !== undefined && person.issuer !== issuer ? [finding(path, [person], issuer)] : [];
        }),
      ),
    ),
  ];
}

/** The same of a directory file. */
export function directoryIssuerFindings(
  groups: Readonly<Record<string, readonly PersonId[]>>,
  issuer: string,
): Finding[] {
  return Object.entries(groups).flatMap(([name, people]) => ofList(['groups', name], people, issuer));
}

function ofList(path: readonly PropertyKey[], people: readonly PersonId[], issuer: string): Finding[] {
  // Machines may submit changes, and so be in a group of requesters.
  const isStranger = (person: PersonId) => person.issuer !== issuer && person.issuer !== machineIssuer;
  const strangers = people.filter(isStranger);
  const first = people.findIndex(isStranger);
  return first === -1 ? [] : [finding([...path, first], strangers, issuer)];
}

function finding(path: readonly PropertyKey[], people: readonly PersonId[], issuer: string): Finding {
  const [first] = people;
  const others = people.length > 1 ? ` (and ${people.length - 1} more of this list)` : '';
  return {
    severity: 'warning',
    path: [...path, 'issuer'],
    rule: 'known_issuer',
    message: `no token can be of ${first?.subject ?? ''}${others}: expected the issuer ${issuer}, got ${first?.issuer ?? ''}`,
  };
}
