import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { failure, isVisible, mayWrite, noRecord, notAuthorized } from './access.ts';
import { change, create, wantedOf } from './change-record.ts';
import { jsonBody } from './json-body.ts';
import type { Instance, Row } from './instance.ts';
import { selectRows } from './query.ts';
import { renderRow } from './render.ts';
import type { Rendering } from './render.ts';
import type { User } from './settings.ts';

const mostRows = 10_000;

/** The Table API: `path` is what follows `/api/now/table`. */
export function answerTableApi(instance: Instance, incoming: Incoming, path: string, user: User): Answer {
  const [table = '', sysId, ...rest] = path.split('/').slice(1);
  if (instance.fieldsOf(table) === null || rest.length > 0) return failure(400, `Invalid table ${table}`);
  const { method } = incoming;
  if (sysId === undefined) {
    if (method === 'GET') return list(instance, incoming, table, user);
    if (method === 'POST') return post(instance, incoming, table, user);
    return failure(405, 'Method not supported', method);
  }
  const row = instance.find(table, sysId);
  if (row === null || !isVisible(instance, table, row, user)) return noRecord();
  if (method === 'GET') return one(instance, incoming, table, row);
  if (!mayWrite(table, user)) return notAuthorized();
  if (method === 'DELETE') {
    instance.held.rows[table] = instance.rowsOf(table).filter((other) => other !== row);
    return { status: 204, contentType: 'application/json', body: '' };
  }
  if (method !== 'PATCH' && method !== 'PUT') return failure(405, 'Method not supported', method);
  const body = jsonBody(incoming);
  if (body === null) return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  const refusal = change(instance, table, row, wantedOf(instance, table, body), user);
  return refusal ?? one(instance, incoming, table, row);
}

function list(instance: Instance, incoming: Incoming, table: string, user: User): Answer {
  const query = new Map(incoming.query);
  const { lagMs } = instance.held.settings;
  const matched = selectRows(instance, table, query.get('sysparm_query') ?? '', user).filter(
    // The seconds of a row's stamp are rounded down, so a row may come up to a second early.
    (row) =>
      lagMs === 0 ||
      table !== 'change_request' ||
      Date.parse(`${(row['sys_created_on'] ?? '').replace(' ', 'T')}Z`) + lagMs <= instance.now(),
  );
  const offset = Number(query.get('sysparm_offset') ?? 0);
  const limit = Math.min(Number(query.get('sysparm_limit') ?? mostRows), mostRows);
  const rows = matched.slice(offset, offset + limit).filter((row) => isVisible(instance, table, row, user));
  const rendering = renderingOf(incoming);
  // As in the real system the count is of what matched, before rows were taken out that the account does not see.
  return jsonAnswer({ result: rows.map((row) => renderRow(instance, table, row, rendering)) }, 200, {
    'x-total-count': String(matched.length),
  });
}

function post(instance: Instance, incoming: Incoming, table: string, user: User): Answer {
  if (!mayWrite(table, user)) return notAuthorized();
  const body = jsonBody(incoming);
  if (body === null) return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  const row = create(instance, table, wantedOf(instance, table, body), user);
  return { ...one(instance, incoming, table, row), status: 201 };
}

function one(instance: Instance, incoming: Incoming, table: string, row: Row): Answer {
  return jsonAnswer({ result: renderRow(instance, table, row, renderingOf(incoming)) });
}

function renderingOf({ query }: Incoming): Rendering {
  const given = new Map(query);
  const shown = given.get('sysparm_display_value') ?? 'false';
  return {
    shown: shown === 'true' || shown === 'all' ? shown : 'false',
    fields: (given.get('sysparm_fields') ?? '').split(',').filter((name) => name !== ''),
    hasLinks: given.get('sysparm_exclude_reference_link') !== 'true',
  };
}
