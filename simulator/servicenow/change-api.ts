import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { failure, isVisible, mayWrite, noRecord, notAuthorized } from './access.ts';
import { change, create, wantedOf } from './change-record.ts';
import type { Wanted } from './change-record.ts';
import { jsonBody } from './json-body.ts';
import type { Instance, Row } from './instance.ts';
import { selectRows } from './query.ts';
import { renderRow } from './render.ts';
import type { User } from './settings.ts';
import { nextStates } from './states.ts';

const table = 'change_request';
const types = ['normal', 'emergency', 'standard'];

/** The Change Management API: `path` is what follows `/api/sn_chg_rest/change`. */
export function answerChangeApi(instance: Instance, incoming: Incoming, path: string, user: User): Answer {
  const [first = '', second, ...rest] = path.split('/').slice(1);
  const { method } = incoming;
  if (rest.length > 0) return failure(400, 'Requested URI does not represent any resource', path);
  if (method === 'POST') return createChange(instance, incoming, first, second, user);
  if (first === '' && method === 'GET') return listChanges(instance, incoming, user);
  const isTyped = types.includes(first);
  const sysId = isTyped ? second : first;
  const row = sysId === undefined ? null : instance.find(table, sysId);
  if (row === null || !isVisible(instance, table, row, user)) return noRecord();
  if (isTyped && row['type'] !== first) return noRecord();
  if (method === 'GET' && !isTyped && second === 'nextstates') {
    return jsonAnswer({ result: nextStates(row, instance.held.settings) });
  }
  if (!isTyped && second !== undefined) {
    return failure(400, 'Requested URI does not represent any resource', path);
  }
  if (method === 'GET') return one(instance, row, null);
  if (method !== 'PATCH') return failure(405, 'Method not supported', method);
  if (!mayWrite(table, user)) return notAuthorized();
  const body = jsonBody(incoming);
  if (body === null) return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  const wanted = wantedOf(instance, table, body);
  return change(instance, table, row, wanted, user) ?? one(instance, row, wanted);
}

function createChange(
  instance: Instance,
  incoming: Incoming,
  type: string,
  template: string | undefined,
  user: User,
): Answer {
  if (!types.includes(type) || (type === 'standard') !== (template !== undefined)) {
    return failure(400, 'Requested URI does not represent any resource', type);
  }
  if (!mayWrite(table, user)) return notAuthorized();
  const body = jsonBody(incoming);
  if (body === null) return failure(400, 'Exception while reading request', 'The payload is not valid JSON');
  // The type, and for a standard change its template, are the path's and not the body's.
  const wanted = wantedOf(instance, table, {
    ...body,
    type,
    state: '-5',
    std_change_producer_version: template,
  });
  return one(instance, create(instance, table, wanted, user), wanted);
}

function listChanges(instance: Instance, incoming: Incoming, user: User): Answer {
  const query = new Map(incoming.query);
  const rows = selectRows(instance, table, query.get('sysparm_query') ?? '', user)
    .filter((row) => isVisible(instance, table, row, user))
    .slice(0, Number(query.get('sysparm_limit') ?? 500));
  return jsonAnswer({
    result: rows.map((row) => renderRow(instance, table, row, { shown: 'all', isTyped: true })),
  });
}

function one(instance: Instance, row: Row, wanted: Wanted | null): Answer {
  const shown = renderRow(instance, table, row, { shown: 'all', isTyped: true });
  const result = {
    ...shown,
    ...(wanted === null || wanted.ignored.length === 0 ? {} : { __meta: { ignoredFields: wanted.ignored } }),
  };
  return jsonAnswer({ result: instance.held.settings.resultAs === 'list' ? [result] : result });
}
