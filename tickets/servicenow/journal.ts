import { RemoteError } from '../remote-error.ts';
import type { ServiceNowClient } from './client.ts';
import { marksIn, noteOf } from './notes.ts';
import { rowsOf } from './reader.ts';
import { displayOf, valueOf } from './row.ts';
import type { Row } from './row.ts';

const pageRows = 500;
const fields = ['element_id', 'element', 'sys_created_by', 'value'];

/** The notes of a change request: work notes, or comments. */
export interface Journal {
  /** The marks of our own notes. @throws RemoteError `denied` when notes are there and this login does not see them */
  marks(id: string, author: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Writes a note. @throws RemoteError */
  add(id: string, note: { readonly mark: string; readonly text: string }, signal: AbortSignal): Promise<void>;
}

/** See {@link Journal}. */
export function makeJournal(
  client: ServiceNowClient,
  { table, element }: { readonly table: string; readonly element: 'work_notes' | 'comments' },
): Journal {
  /** Without rights on the journal a list is empty and no error. What people see of the field tells whether that is true. */
  async function isEmpty(id: string, signal: AbortSignal): Promise<boolean> {
    const query = { sysparm_fields: element, sysparm_display_value: 'all' };
    const { rows } = await client.request(
      { method: 'GET', path: `/now/table/${table}/${id}`, query },
      signal,
    );
    return rows[0] !== undefined && displayOf(rows[0], element) === '';
  }

  return {
    async marks(id, author, signal) {
      const question = `element_id=${id}^element=${element}^ORDERBYsys_created_on`;
      const found = await all((offset) =>
        rowsOf(client, 'sys_journal_field', question, fields, pageRows, signal, offset),
      );
      const ours = found.filter((row) => ofRecord(row, id));
      if (ours.length < found.length) {
        throw new RemoteError(
          'denied',
          'this login cannot search sys_journal_field by element_id in ServiceNow',
        );
      }
      if (ours.length === 0 && !(await isEmpty(id, signal))) {
        throw new RemoteError(
          'denied',
          'this login does not see the rows of sys_journal_field in ServiceNow',
        );
      }
      return marksIn(ours, { id, element, author });
    },
    async add(id, { mark, text }, signal) {
      const body = { [element]: noteOf(mark, text) };
      await client.request({ method: 'PATCH', path: `/sn_chg_rest/v1/change/${id}`, body }, signal);
    },
  };
}

function ofRecord(row: Row, id: string): boolean {
  return valueOf(row, 'element_id') === id;
}

/** Every page, until one is not full; pages beyond 20 are an error, since a mark in them would be overlooked. */
async function all(page: (offset: number) => Promise<readonly Row[]>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let i = 0; i < 20; i += 1) {
    const more = await page(i * pageRows);
    rows.push(...more);
    if (more.length < pageRows) return rows;
  }
  throw new RemoteError('refused', 'a ticket in ServiceNow has more notes than can be read');
}
