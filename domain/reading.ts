import type { Change } from './change.ts';
import { directoryOf, isMember } from './membership.ts';
import type { Person, PersonId, Role } from './person.ts';
import { samePerson } from './person.ts';
import { hasRight } from './progress.ts';
import { isoTime } from './time.ts';

const overseers: ReadonlySet<Role> = new Set(['auditor', 'operator']);

/**
 * Who may read a change: its requester, its possible approvers, auditors and operators. A possible approver is one who
 * has a right to any seat of its policy, now or once it is escalated, in person or in somebody's place; whoever its
 * policy lets override a freeze; and whoever has decided it. Those whom a break-glass change skipped may read it too.
 *
 * @param groupsIn - the groups of the directory that list a person now
 * @param now - milliseconds since the epoch
 */
export function mayRead(
  change: Change,
  reader: Person,
  groupsIn: (person: PersonId) => readonly string[],
  now: number,
): boolean {
  const oversees = reader.roles.some((role) => overseers.has(role));
  if (oversees || samePerson(change.requester, reader)) return true;
  if (!reader.roles.includes('approver')) return false;
  if (change.decisions.some(({ person }) => samePerson(person, reader))) return true;
  const { freezeOverride } = change.policy;
  if (freezeOverride && isMember(change.policy, freezeOverride.group, reader, groupsIn(reader))) return true;
  const at = isoTime(now);
  const asked = { ...change, breakGlass: false, escalatedAt: change.escalatedAt ?? at };
  const directory = directoryOf(asked, reader, at, groupsIn);
  return hasRight(asked, { person: reader, at, directory });
}
