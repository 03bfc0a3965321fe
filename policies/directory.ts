import type { OutsideAccount } from '../domain/channel.ts';
import { personKey } from '../domain/membership.ts';
import { machineIssuer } from '../domain/person.ts';
import type { Person, PersonId } from '../domain/person.ts';
import { directoryDocument } from './document.ts';
import type { DirectoryDocument } from './document.ts';
import { directoryIssuerFindings } from './issuers.ts';
import type { Finding, Problem } from './problem.ts';
import { readYaml } from './yaml-file.ts';

/** Whom an account of another system stands for, and what they may do by it. */
export type MappedPerson = Pick<Person, 'issuer' | 'subject' | 'name' | 'roles'>;

/** Who is in which group, and whose an account is, as a directory file says. */
export interface Directory {
  /** A group's members; undefined for a group that the file does not have. */
  readonly members: (group: string) => readonly PersonId[] | undefined;
  /** The groups that list somebody. */
  readonly groupsIn: (person: PersonId) => readonly string[];
  /**
   * Whose account of another system it is; null for one that the file does not list. Absent: it lists none.
   * @param system - its name in COUNTERSIGN_INTEGRATIONS
   */
  readonly personOf?: (system: string, account: OutsideAccount) => MappedPerson | null;
}

/** A directory of these groups and accounts. */
export function directoryFrom(
  groups: DirectoryDocument['groups'],
  accounts: DirectoryDocument['accounts'] = [],
): Directory {
  const members = new Map(Object.entries(groups));
  const groupsOf = new Map<string, string[]>();
  for (const [group, people] of members) {
    for (const person of people) {
      const key = personKey(person);
      groupsOf.set(key, [...(groupsOf.get(key) ?? []), group]);
    }
  }
  const people = new Map<string, MappedPerson>();
  for (const { issuer, subject, name = subject, roles, accounts: theirs } of accounts) {
    for (const account of theirs) people.set(accountKey(account), { issuer, subject, name, roles });
  }
  return {
    members: (group) => members.get(group),
    groupsIn: (person) => groupsOf.get(personKey(person)) ?? [],
    personOf: (system, account) => people.get(accountKey({ system, ...account })) ?? null,
  };
}

/** An account as a string that no two accounts share. What DingTalk calls a company is what Slack calls a team. */
function accountKey(account: {
  readonly system: string;
  readonly team?: string | undefined;
  readonly corp?: string | undefined;
  readonly user: string;
}): string {
  const { system, team, corp, user } = account;
  return JSON.stringify([system, team ?? corp ?? '', user]);
}

/**
 * What is wrong with the accounts of a directory file. A person of another issuer than the tokens' would be somebody else
 * than whoever asked for the change, and could approve their own.
 */
function accountFindings({ accounts }: DirectoryDocument, issuer: string | null): Finding[] {
  const seen = new Set<string>();
  const owners = new Map<string, string>();
  const error = (path: readonly PropertyKey[], rule: string, message: string): Finding => ({
    severity: 'error',
    path,
    rule,
    message,
  });
  return accounts.flatMap((person, p) => {
    const found: Finding[] = [];
    const isOther = issuer !== null && person.issuer !== issuer;
    if (isOther || person.issuer === machineIssuer) {
      const expected = issuer === null ? 'of a person' : issuer;
      const message = `no token can be of ${person.subject}: expected the issuer ${expected}, got ${person.issuer}`;
      found.push(error(['accounts', p, 'issuer'], 'known_issuer', message));
    }
    person.accounts.forEach((account, a) => {
      const key = accountKey(account);
      if (seen.has(key)) {
        found.push(error(['accounts', p, 'accounts', a], 'distinct', 'the account is listed before'));
        return;
      }
      seen.add(key);
      const { team = account.corp ?? '', user } = account;
      if (team === '') return;
      // The same account under two names of systems, such as two apps of one workspace, is one person's.
      const place = JSON.stringify([team, user]);
      const owner = owners.get(place);
      if (owner !== undefined && owner !== personKey(person)) {
        const message = 'the account is that of somebody else by another system';
        found.push(error(['accounts', p, 'accounts', a], 'distinct', message));
      }
      owners.set(place, owner ?? personKey(person));
    });
    return found;
  });
}

/**
 * Reads a directory file; an empty one where no file is named. `findings` are what does not keep it from being used.
 *
 * @param issuer - whose tokens are accepted; null where that is not known
 */
export async function readDirectory(
  file: string | null,
  issuer: string | null = null,
): Promise<{
  directory: Directory;
  problems: readonly Problem[];
  findings: readonly Problem[];
  sha256: string | null;
}> {
  const nobody: DirectoryDocument = { groups: {}, accounts: [] };
  if (file === null) return { directory: directoryFrom({}), problems: [], findings: [], sha256: null };
  const { value, problems, lineOf, sha256 } = await readYaml(file, directoryDocument);
  const document = value ?? nobody;
  const told = ({ path, ...finding }: Finding): Problem => ({
    ...finding,
    file,
    line: lineOf(path),
    field: path.join('.'),
  });
  const found = issuer === null ? [] : directoryIssuerFindings(document.groups, issuer);
  return {
    directory: directoryFrom(document.groups, document.accounts),
    problems: [...problems, ...accountFindings(document, issuer).map(told)],
    findings: found.map(told),
    sha256,
  };
}
