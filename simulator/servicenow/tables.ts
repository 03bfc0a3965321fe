/** How a field is kept and shown. */
export interface FieldType {
  readonly kind: 'text' | 'choice' | 'number' | 'boolean' | 'time' | 'reference' | 'journal';
  /** Longer texts are cut without a word. */
  readonly longest?: number;
  /** Nobody sets it by the API: the instance ignores it. */
  readonly isFixed?: true;
}

const text: FieldType = { kind: 'text', longest: 255 };
const choice: FieldType = { kind: 'choice' };
const reference: FieldType = { kind: 'reference' };
const time: FieldType = { kind: 'time' };
const journal: FieldType = { kind: 'journal' };
const long: FieldType = { kind: 'text', longest: 4000 };

const ofEveryTable: Readonly<Record<string, FieldType>> = {
  sys_id: { kind: 'text', isFixed: true },
  sys_created_by: { kind: 'text', isFixed: true },
  sys_created_on: { kind: 'time', isFixed: true },
  sys_updated_by: { kind: 'text', isFixed: true },
  sys_updated_on: { kind: 'time', isFixed: true },
  sys_mod_count: { kind: 'number', isFixed: true },
  sys_class_name: { kind: 'text', isFixed: true },
};

/** The tables that the endpoint has, with the fields that something here reads or writes. */
export const tables: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  change_request: {
    ...ofEveryTable,
    number: { kind: 'text', isFixed: true },
    type: choice,
    state: { kind: 'number' },
    approval: choice,
    active: { kind: 'boolean', isFixed: true },
    on_hold: { kind: 'boolean' },
    on_hold_reason: long,
    short_description: { kind: 'text', longest: 160 },
    description: long,
    start_date: time,
    end_date: time,
    correlation_id: { kind: 'text', longest: 100 },
    correlation_display: { kind: 'text', longest: 100 },
    close_code: choice,
    close_notes: long,
    work_notes: journal,
    comments: journal,
    cmdb_ci: reference,
    requested_by: reference,
    assignment_group: reference,
    std_change_producer_version: reference,
  },
  sysapproval_approver: {
    ...ofEveryTable,
    sysapproval: reference,
    approver: reference,
    state: choice,
    comments: long,
  },
  sys_user: { ...ofEveryTable, user_name: text, name: text, email: text, active: { kind: 'boolean' } },
  sys_journal_field: {
    ...ofEveryTable,
    name: text,
    element: text,
    element_id: text,
    value: { kind: 'text', longest: 4000 },
  },
};

/** What people see instead of a choice's value. */
export const choiceLabels: Readonly<Record<string, string>> = {
  normal: 'Normal',
  emergency: 'Emergency',
  standard: 'Standard',
  approved: 'Approved',
  rejected: 'Rejected',
  requested: 'Requested',
  'not requested': 'Not Yet Requested',
  successful: 'Successful',
  successful_issues: 'Successful with issues',
  unsuccessful: 'Unsuccessful',
};
