import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import type { Instance, Row } from './instance.ts';
import type { User } from './settings.ts';

/** An error in the system's shape. */
export function failure(status: number, message: string, detail: string | null = null): Answer {
  return jsonAnswer({ error: { message, detail }, status: 'failure' }, status);
}

/** Nobody, or a login that is wrong. */
export function unauthenticated(): Answer {
  return failure(401, 'User Not Authenticated', 'Required to provide Auth information');
}

/** A record that is not there, or hidden. */
export function noRecord(): Answer {
  return failure(404, 'No Record found', 'Record doesn’t exist or ACL restricts the record retrieval');
}

/** A right that is missing. */
export function notAuthorized(): Answer {
  return failure(403, 'Operation Failed', 'ACL Exception: insufficient rights');
}

const readers: Readonly<Record<string, readonly string[] | 'all'>> = {
  change_request: ['itil', 'change_manager', 'sn_change_read', 'admin'],
  sysapproval_approver: ['itil', 'change_manager', 'sn_change_read', 'admin'],
  sys_journal_field: ['journal_reader', 'admin'],
  sys_user: 'all',
};
const writers: Readonly<Record<string, readonly string[]>> = {
  change_request: ['itil', 'change_manager', 'admin'],
  sysapproval_approver: ['itil', 'change_manager', 'admin'],
};

/** Whether an account sees a record. */
export function isVisible(instance: Instance, table: string, row: Row, user: User): boolean {
  const roles = readers[table] ?? [];
  const isReader = roles === 'all' || roles.some((role) => user.roles.includes(role));
  const hiddenFrom = instance.held.hiddenFrom[row['sys_id'] ?? ''] ?? [];
  return isReader && !hiddenFrom.includes(user.userName);
}

/** Whether an account writes a table. */
export function mayWrite(table: string, user: User): boolean {
  return (writers[table] ?? []).some((role) => user.roles.includes(role));
}
