import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import { phaseOf } from './phase.ts';
import { displayOf, isSysId, valueOf } from './row.ts';
import type { Row } from './row.ts';
import type { ServiceNowSettings } from './settings.ts';

/** The fields that every read asks for. */
export const ticketFields = [
  'sys_id',
  'number',
  'type',
  'state',
  'approval',
  'on_hold',
  'short_description',
  'correlation_id',
  'sys_class_name',
  'sys_created_by',
  'sys_created_on',
  'sys_mod_count',
  'sys_updated_on',
] as const;

/** Names of fields that may be asked for, also through references: `u_target`, `cmdb_ci.name`. */
const fieldName = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$/;

/** Whether a name can be one of a field; another would change the question. */
export function isFieldName(name: string): boolean {
  return name.length <= 120 && fieldName.test(name);
}

/**
 * A ticket as its record has it.
 *
 * @param name - the system's, in COUNTERSIGN_INTEGRATIONS
 * @param fields - names of further fields that were asked for
 * @throws RemoteError `denied` when the account may not see a field that counts, `refused` for an unknown state
 */
export function ticketOf(
  row: Row,
  { name, settings, fields }: { name: string; settings: ServiceNowSettings; fields: readonly string[] },
): TicketRead {
  const id = needed(row, 'sys_id');
  if (!isSysId(id)) throw new RemoteError('unreachable', 'ServiceNow answered with no sys_id');
  const state = needed(row, 'state');
  const mark = valueOf(row, 'correlation_id') ?? '';
  return {
    system: name,
    id,
    key: needed(row, 'number'),
    url: pageOf(settings, id),
    // Only change requests have types, holds and approvals for sure.
    type:
      settings.table === 'change_request' ? needed(row, 'type') : (valueOf(row, 'type') ?? settings.table),
    project: valueOf(row, 'sys_class_name') ?? settings.table,
    state: displayOf(row, 'state') ?? state,
    phase: phaseOf(state, settings.states),
    onHold:
      settings.table === 'change_request'
        ? needed(row, 'on_hold') !== 'false'
        : valueOf(row, 'on_hold') === 'true',
    approved: approvalOf(needed(row, 'approval')),
    summary: valueOf(row, 'short_description') ?? '',
    fields: Object.fromEntries(fields.map((field) => [field, valueOf(row, field) || null])),
    // What is read are stored values, not those that an account is shown in its own zone.
    times: 'utc',
    version: needed(row, 'sys_mod_count'),
    digest: digestOf(row),
    author: valueOf(row, 'sys_created_by') || null,
    marks: mark === '' ? [] : [mark],
  };
}

function needed(row: Row, field: string): string {
  const value = valueOf(row, field);
  if (value === null) {
    throw new RemoteError('denied', `this login does not see the field ${field} in ServiceNow`);
  }
  return value;
}

/** Only what was asked for and answered with yes is approved; where no approval is required there is none. */
function approvalOf(approval: string): boolean | null {
  return approval === 'not_required' ? null : approval === 'approved';
}

function digestOf(row: Row): string {
  const values = Object.fromEntries(Object.keys(row).map((field) => [field, valueOf(row, field)]));
  return createHash('sha256').update(canonicalJson(values), 'utf8').digest('hex');
}

function pageOf({ url, table }: ServiceNowSettings, id: string): string {
  const page = encodeURIComponent(`/${table}.do?sys_id=${id}`);
  return `${url.replace(/\/+$/, '')}/nav_to.do?uri=${page}`;
}
