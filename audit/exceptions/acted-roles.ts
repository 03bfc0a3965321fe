import { actorIn } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { objectOf, stringOf } from '../verify/fields.ts';

/** In which role somebody acts who is behind an entry of a type. */
const roleOfType: Partial<Record<EventType, string>> = {
  'change.requested': 'requester',
  'decision.approved': 'approver',
  'decision.rejected': 'approver',
  'change.paused': 'operator',
  'change.resumed': 'operator',
  'change.retried': 'operator',
  'change.abandoned': 'operator',
  'freeze.declared': 'admin',
  'freeze.lifted': 'admin',
  'token.issued': 'admin',
  'token.revoked': 'admin',
  'policy.revoked': 'admin',
  'subscription.created': 'admin',
  'subscription.changed': 'admin',
  'subscription.deleted': 'admin',
  'audit.read': 'auditor',
  'audit.exported': 'auditor',
};

/** A person with the roles that they acted in, and how often in each. */
export interface ActedRoles {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly roles: Readonly<Record<string, number>>;
}

/** In which roles people have acted. */
export function collectActedRoles() {
  const people = new Map<string, ActedRoles>();
  return {
    add(body: EntryBody): void {
      // A policy that an admin revoked ends changes in the admin's name.
      const isRevocation = objectOf(body.statement)['kind'] === 'revocation';
      // Whoever may read a change may see what Temporal stores of it: no act of an auditor.
      const isLook = body.type === 'audit.read' && 'payloadsOf' in objectOf(body.query);
      const role = isRevocation ? 'admin' : isLook ? undefined : roleOfType[body.type];
      const { issuer, subject, name } = actorIn(body);
      if (role === undefined || typeof issuer !== 'string' || typeof subject !== 'string') return;
      const key = JSON.stringify([issuer, subject]);
      const before = people.get(key)?.roles ?? {};
      const roles = { ...before, [role]: (before[role] ?? 0) + 1 };
      people.set(key, { issuer, subject, name: stringOf(name) ?? subject, roles });
    },
    /** Those who acted in more than one. */
    inSeveral: (): ActedRoles[] => [...people.values()].filter(({ roles }) => Object.keys(roles).length > 1),
  };
}
