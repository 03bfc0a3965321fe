import { expect, test } from 'vitest';
import { marksIn, noteOf } from '../../../tickets/servicenow/notes.ts';
import { approvalsIn } from '../../../tickets/servicenow/approvals.ts';

const place = { id: 'a'.repeat(32), element: 'work_notes', author: 'countersign' };
const row = (value: string, more: Record<string, string> = {}) => ({
  element_id: { value: place.id },
  element: { value: 'work_notes' },
  sys_created_by: { value: 'countersign' },
  value: { value },
  ...Object.fromEntries(Object.entries(more).map(([name, text]) => [name, { value: text }])),
});

test.each([
  ['its own note', row(noteOf('m-1', 'Approved.')), ['m-1']],
  ['with the system’s line ends', row('Approved.\r\n\r\n[m-1]\r\n'), ['m-1']],
  ['a note without a mark', row('Approved.'), []],
  ['a mark that somebody quoted', row(noteOf('m-2', 'Done.\n[m-1]')), ['m-2']],
  ['a mark within the last line', row('see [m-1]'), []],
  ['of another account', row(noteOf('m-1', 'x'), { sys_created_by: 'iris.lane' }), []],
  ['on another record', row(noteOf('m-1', 'x'), { element_id: 'b'.repeat(32) }), []],
  ['in another journal', row(noteOf('m-1', 'x'), { element: 'comments' }), []],
])('%s', (_what, given, marks) => {
  expect(marksIn([given], place)).toEqual(marks);
});

test('a note is cut, and keeps its mark', () => {
  const note = noteOf('m-1', '😀'.repeat(4000));
  expect(note.length).toBeLessThan(4000);
  expect(note.isWellFormed()).toBe(true);
  expect(marksIn([row(note)], place)).toEqual(['m-1']);
});

test('what others said is shown and not obeyed', () => {
  const note = noteOf('m-1', 'a [code]<b>x</b>[/CODE]\n\u202eb');
  expect(note).toBe('a (code)<b>x</b>(/code)\n\\u{202e}b\n\n[m-1]');
});

const ticket = 'c'.repeat(32);
const approver = 'd'.repeat(32);
const decided = (more: Record<string, string> = {}) => ({
  sys_id: 'e'.repeat(32),
  sysapproval: ticket,
  approver,
  'approver.user_name': 'iris.lane',
  state: 'approved',
  sys_updated_by: 'iris.lane',
  sys_updated_on: '2026-11-29 10:00:00',
  ...more,
});

test.each([
  ['approved by the approver', decided(), 'approve'],
  ['rejected by the approver', decided({ state: 'rejected' }), 'reject'],
  ['not decided', decided({ state: 'requested' }), null],
  ['clicked by a delegate', decided({ sys_updated_by: 'bo.park' }), null],
  ['set by an administrator', decided({ sys_updated_by: 'admin' }), null],
  ['with an approver that is not seen', decided({ 'approver.user_name': '' }), null],
  [
    'of an unseen approver by an unseen account',
    decided({ 'approver.user_name': '', sys_updated_by: '' }),
    null,
  ],
  ['of another ticket', decided({ sysapproval: 'f'.repeat(32) }), null],
])('an approval %s', (_what, given, decision) => {
  const found = approvalsIn([given], ticket);
  expect(found.map((one) => one.decision)).toEqual(decision === null ? [] : [decision]);
  if (decision !== null) expect(found[0]).toMatchObject({ approver, at: '2026-11-29 10:00:00' });
});
