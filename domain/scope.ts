import type { Role } from './person.ts';

/** What an API token lets a machine do, and the role that it gives for it. None makes decisions or administers. */
export const roleOfScope = {
  /** Ask for changes; read and withdraw its own. */
  'changes:request': 'requester',
  /** Read every change and the audit log. */
  'audit:read': 'auditor',
} as const satisfies Record<string, Exclude<Role, 'approver' | 'operator' | 'admin'>>;

/** A right of an API token. */
export type Scope = keyof typeof roleOfScope;

/** Every scope. */
export const scopes = Object.keys(roleOfScope) as Scope[];
