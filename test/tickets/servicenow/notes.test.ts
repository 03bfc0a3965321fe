import { expect, test } from 'vitest';
import { marksIn, noteOf } from '../../../tickets/servicenow/notes.ts';

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
