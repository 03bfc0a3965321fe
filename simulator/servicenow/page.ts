import type { Instance, Row } from './instance.ts';
import { stateLabels } from './states.ts';

/** A page that shows the change requests with their notes. */
export function pageOf(instance: Instance): string {
  const changes = [...instance.rowsOf('change_request')].reverse();
  const rows = changes.map((row) => changeRow(instance, row)).join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Local ServiceNow</title>
<style>body{font:14px sans-serif;margin:2em}td,th{border:1px solid #ccc;padding:.4em;text-align:left;vertical-align:top}
pre{margin:0;white-space:pre-wrap;font:12px monospace}</style>
<h1>Local ServiceNow</h1>
<p>A local endpoint that speaks ServiceNow's REST APIs. It is no ServiceNow.</p>
<table><tr><th>number</th><th>type</th><th>state</th><th>short description</th><th>correlation</th><th>work notes</th></tr>
${rows}
</table></html>
`;
}

function changeRow(instance: Instance, row: Row): string {
  const notes = instance
    .rowsOf('sys_journal_field')
    .filter((note) => note['element_id'] === row['sys_id'])
    .map(({ sys_created_by: by = '', value = '' }) => `<pre>${escaped(`${by}: ${value}`)}</pre>`)
    .join('<hr>');
  const {
    number = '',
    type = '',
    state = '',
    short_description: title = '',
    correlation_id: mark = '',
  } = row;
  const cells = [number, type, stateLabels[state] ?? state, title, mark].map(
    (text) => `<td>${escaped(text)}</td>`,
  );
  return `<tr>${cells.join('')}<td>${notes}</td></tr>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
