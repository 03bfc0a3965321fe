import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeIdOf } from '../../api/submit-request.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { submission } from '../support/service.ts';
import { startApiStack } from './api-stack.ts';
import type { Answer, ApiStack, Sent } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(async () => {
  expect(await stack.entries()).toEqual([]);
  const { rows } = await stack.worker.query('select id from countersign.change');
  expect(rows).toEqual([]);
  await stack.stop();
});

const good = submission('SN-1');
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const day = 86_400_000;

async function isStarted(key: string): Promise<boolean> {
  const id = workflowIdOf(changeIdOf(stack.person('alice'), key));
  try {
    await stack.testbed.client.workflow.getHandle(id).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Sends a request that must be refused; answers the problem, after a look that nothing was started. */
async function refused(sent: Sent): Promise<Answer> {
  const key = randomUUID();
  const answer = await stack.api.call('/v1/changes', {
    ...sent,
    headers: { 'idempotency-key': key, ...sent.headers },
  });
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body).toMatchObject({
    status: answer.status,
    type: `/problems/${String(answer.body.code)}`,
    title: expect.any(String) as unknown,
    detail: expect.any(String) as unknown,
    instance: `urn:uuid:${String(answer.headers.get('x-request-id'))}`,
  });
  expect(await isStarted(key)).toBe(false);
  return answer;
}

/** `field: rule` of each error. */
const broken = ({ body }: Answer) => (body.errors ?? []).map(({ field, rule }) => `${field}: ${rule}`).sort();

test('the look at Temporal finds what was started', async () => {
  const key = randomUUID();
  const answer = await stack.api.call('/v1/changes', { body: good, headers: { 'idempotency-key': key } });
  expect(answer.status).toBe(503);
  expect(await isStarted(key)).toBe(true);
});

const input = (changed: object) => ({ ...good, input: { ...good.input, ...changed } });
/** The good submission as JSON with further members. */
const twice = (...members: string[]) => `${JSON.stringify(good).slice(0, -1)},${members.join(',')}}`;
const bodies: [string, unknown, string[]][] = [
  ['no serial number', input({ sn: undefined }), ['input.sn: required']],
  ['an empty one', input({ sn: '' }), ['input.sn: required']],
  ['one of 129 bytes', input({ sn: 'a'.repeat(129) }), ['input.sn: max_bytes']],
  ['one of 65 two-byte characters', input({ sn: 'é'.repeat(65) }), ['input.sn: max_bytes']],
  ['one with a line end', input({ sn: 'a\nb' }), ['input.sn: no_control_characters']],
  ['one with U+0000', input({ sn: 'a\u0000' }), ['input.sn: no_control_characters']],
  ['one with U+007F', input({ sn: '\u007f' }), ['input.sn: no_control_characters']],
  ['one with a bidi control', input({ sn: 'a\u202eb' }), ['input.sn: no_invisible_characters']],
  [
    'an instance with nothing of zero width',
    input({ mqttInstanceId: 'post-cn-\u200b1' }),
    ['input.mqttInstanceId: no_invisible_characters'],
  ],
  [
    'a ticket with characters that cannot be seen',
    { ...good, ticket: { system: 'ji\u200bra', id: 'CHG-\u20661', url: 'https://x.example/\u202e' } },
    [
      'ticket.id: no_invisible_characters',
      'ticket.system: no_invisible_characters',
      'ticket.url: no_invisible_characters',
    ],
  ],
  ['a blank before it', input({ sn: ' a' }), ['input.sn: no_surrounding_blanks']],
  ['a blank after it', input({ sn: 'a\u00a0' }), ['input.sn: no_surrounding_blanks']],
  ['a lone surrogate', input({ sn: '\ud800' }), ['input.sn: well_formed']],
  ['a number', input({ sn: 7269004887 }), ['input.sn: type']],
  ['null', input({ sn: null }), ['input.sn: type']],
  ['a list', input({ sn: ['a'] }), ['input.sn: type']],
  ['no instance', input({ mqttInstanceId: undefined }), ['input.mqttInstanceId: required']],
  ['no region', input({ regionId: undefined }), ['input.regionId: required']],
  ['a region that is none', input({ regionId: 'cn-hangzhou/../x' }), ['input.regionId: format']],
  ['an unknown field of the input', input({ Sn: 'a' }), ['input.Sn: unknown_field']],
  [
    '__proto__ in the input, among other wrongs',
    JSON.parse('{"operation":"ActiveCaCertificate","input":{"__proto__":1}}'),
    [
      'input.__proto__: unknown_field',
      'input.mqttInstanceId: required',
      'input.regionId: required',
      'input.sn: required',
      'justification: required',
    ],
  ],
  ['an unknown field', { ...good, sn: 'a' }, ['sn: unknown_field']],
  ['two wrongs', { ...good, justification: 5, when: 1 }, ['justification: type', 'when: unknown_field']],
  ['an unknown operation', { ...good, operation: 'DeleteCaCertificate' }, ['operation: one_of']],
  ['an object as operation', { ...good, operation: { toString: 1 } }, ['operation: type']],
  ['no operation', { ...good, operation: undefined }, ['operation: required']],
  ['no input', { ...good, input: undefined }, ['input: required']],
  ['a list as input', { ...good, input: [] }, ['input: type']],
  ['no justification', { ...good, justification: undefined }, ['justification: required']],
  ['an empty justification', { ...good, justification: '' }, ['justification: required']],
  ['a blank justification', { ...good, justification: ' \n\t ' }, ['justification: required']],
  [
    'a justification of control characters',
    { ...good, justification: '\u0001\u0002' },
    ['justification: no_control_characters'],
  ],
  ['an escape sequence', { ...good, justification: 'x\u001b[2J' }, ['justification: no_control_characters']],
  ['a lone surrogate in it', { ...good, justification: 'x\udfff' }, ['justification: well_formed']],
  ['2,001 characters of it', { ...good, justification: 'x'.repeat(2001) }, ['justification: max_length']],
  ['a float', { ...good, justification: 1.5 }, ['justification: type']],
  ['a ticket without id', { ...good, ticket: { system: 'jira' } }, ['ticket.id: required']],
  [
    'a ticket of script',
    { ...good, ticket: { system: 'j', id: '1', url: 'javascript:alert(1)' } },
    ['ticket.url: format'],
  ],
  [
    'a ticket whose URL has a NUL',
    { ...good, ticket: { system: 'j', id: '1', url: 'http://a/\u0000' } },
    ['ticket.url: no_control_characters'],
  ],
  [
    'a ticket whose URL is half a character',
    { ...good, ticket: { system: 'j', id: '1', url: 'http://a/\ud800' } },
    ['ticket.url: well_formed'],
  ],
  ['breakGlass as a string', { ...good, breakGlass: 'yes' }, ['breakGlass: type']],
];

describe('POST /v1/changes', () => {
  test.each(bodies)('refuses %s', async (_name, body, errors) => {
    const answer = await refused({ body });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('invalid_request');
    expect(broken(answer)).toEqual(errors);
  });

  test.each<[string, Sent, number, string]>([
    ['no JSON', { raw: '{"operation":' }, 400, 'invalid_json'],
    ['text', { raw: 'hello' }, 400, 'invalid_json'],
    ['a member twice', { raw: twice('"justification":"a"', '"justification":"b"') }, 400, 'invalid_json'],
    [
      'one of them escaped',
      { raw: twice('"justification":"a"', '"justif\\u0069cation":"b"') },
      400,
      'invalid_json',
    ],
    ['a nested one', { raw: twice('"ticket":{"system":"a","id":"b","id":"c"}') }, 400, 'invalid_json'],
    [
      'one behind a byte order mark',
      { raw: `\ufeff${twice('"justification":"a"', '"justification":"b"')}` },
      400,
      'invalid_json',
    ],
    [
      'one in a compressed body',
      {
        raw: gzipSync(twice('"justification":"a"', '"justification":"b"')),
        headers: { 'content-encoding': 'gzip' },
      },
      400,
      'invalid_json',
    ],
    ['bytes that are not UTF-8', { raw: Uint8Array.from([0x22, 0xff, 0xfe, 0x22]) }, 400, 'invalid_json'],
    [
      'UTF-16',
      { raw: Buffer.from('{}', 'utf16le'), headers: { 'content-type': 'application/json; charset=utf-16' } },
      415,
      'unsupported_media_type',
    ],
    ['a string', { body: 'x' }, 400, 'invalid_request'],
    ['a number', { raw: '1e400' }, 400, 'invalid_request'],
    ['null', { raw: 'null' }, 400, 'invalid_request'],
    ['a list', { body: [good] }, 400, 'invalid_request'],
    ['no body', { method: 'POST' }, 400, 'invalid_request'],
    ['an empty body', { raw: '', method: 'POST' }, 400, 'invalid_request'],
    ['1 MB', { body: { ...good, justification: 'x'.repeat(1_000_000) } }, 413, 'body_too_large'],
    [
      'a form',
      { raw: 'sn=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
    ],
    [
      'JSON as text',
      { body: good, headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'Latin-1',
      { body: good, headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown coding',
      { body: good, headers: { 'content-encoding': 'rot13' } },
      415,
      'unsupported_media_type',
    ],
    ['a broken compression', { body: good, headers: { 'content-encoding': 'gzip' } }, 400, 'invalid_request'],
  ])('refuses %s', async (_name, sent, status, code) => {
    const { status: got, body } = await refused(sent);
    expect({ status: got, code: body.code }).toEqual({ status, code });
  });

  test.each<[string, object, string[]]>([
    ['no date', { decideBy: 'tomorrow' }, ['decideBy: format']],
    ['a day without zone', { executeBy: '2026-12-24' }, ['executeBy: format']],
    ['a day that there is not', { executeAfter: '2027-02-30T00:00:00Z' }, ['executeAfter: format']],
    ['a number', { decideBy: 1_800_000_000 }, ['decideBy: type']],
    ['null', { executeBy: null }, ['executeBy: type']],
    ['a past decideBy', { decideBy: '2020-01-01T00:00:00Z' }, ['decideBy: future']],
    ['a past executeBy', { executeBy: '2020-01-01T00:00:00Z' }, ['executeBy: future']],
    ['a decideBy in two years', { decideBy: inMs(800 * day) }, ['decideBy: maximum']],
    ['an executeBy in two years', { executeBy: inMs(800 * day) }, ['executeBy: maximum']],
    ['an executeAfter in two years', { executeAfter: '9999-12-31T23:59:59Z' }, ['executeAfter: maximum']],
    ['a decideBy after executeBy', { decideBy: inMs(2 * day), executeBy: inMs(day) }, ['decideBy: before']],
    ['an empty window', { executeAfter: inMs(2 * day), executeBy: inMs(day) }, ['executeAfter: before']],
  ])('refuses times: %s', async (_name, times, errors) => {
    const answer = await refused({ body: { ...good, ...times } });
    expect(answer.status).toBe(400);
    expect(broken(answer)).toEqual(errors);
  });

  test.each(['', 'a b', 'ä', 'x'.repeat(256), 'a\tb'])('refuses an Idempotency-Key: %#', async (key) => {
    const answer = await refused({ body: good, headers: { 'idempotency-key': key } });
    expect(answer.status).toBe(400);
    expect(broken(answer)).toEqual(['Idempotency-Key: format']);
  });

  test('refuses an Idempotency-Key that is sent twice', async () => {
    const token = await stack.api.tokenOf('alice');
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${stack.api.url}/v1/changes`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': ['a', 'b'],
        },
      });
      sent.once('error', reject);
      sent.once('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.end(JSON.stringify(good));
    });
    expect(status).toBe(400);
  });

  test('the widest that is allowed is not refused as malformed', async () => {
    const body = {
      ...input({ sn: 'é'.repeat(64), mqttInstanceId: 'a'.repeat(128) }),
      justification: `${'x\n'.repeat(999)}é`,
      ticket: { system: 'jira', id: 'OPS-1', url: 'https://jira.example/OPS-1' },
      decideBy: inMs(20 * day),
      executeBy: inMs(21 * day).replace('Z', '456+08:00'),
    };
    const answer = await stack.api.call('/v1/changes', {
      body,
      headers: { 'idempotency-key': '!'.repeat(255) },
    });
    expect(answer.body.code).toBe('engine_unavailable');
  });
});

describe('other calls', () => {
  const id = randomUUID();
  const digest = 'f'.repeat(64);
  test.each<[string, unknown, string[]]>([
    ['decisions', { decision: 'approve', digest, comment: 'x'.repeat(2001) }, ['comment: max_length']],
    ['decisions', { decision: 'approve', digest, comment: '\ud800' }, ['comment: well_formed']],
    ['decisions', { decision: 'approve', digest, comment: '\u0007' }, ['comment: no_control_characters']],
    ['decisions', { decision: 'abstain', digest }, ['decision: one_of']],
    ['decisions', { decision: 'approve' }, ['digest: required']],
    ['decisions', { decision: 'approve', digest: 'F'.repeat(64) }, ['digest: format']],
    ['decisions', { decision: 'approve', digest: 5 }, ['digest: type']],
    ['decisions', { decision: 'approve', digest, person: 'bob' }, ['person: unknown_field']],
    ['decisions', [], ['body: type']],
    ['withdrawal', { comment: 5 }, ['comment: type']],
    ['withdrawal', undefined, ['body: required']],
    ['execution', { action: 'stop', comment: 'x' }, ['action: one_of']],
    ['execution', { action: 'pause' }, ['comment: required']],
    ['execution', { action: 'pause', comment: ' ' }, ['comment: required']],
  ])('POST …/%s is checked, case %#', async (call, body, errors) => {
    const answer = await stack.api.call(`/v1/changes/${id}/${call}`, { body, as: 'bob', method: 'POST' });
    expect(answer.status).toBe(400);
    expect(broken(answer)).toEqual(errors);
  });

  test.each([
    ['decisions', `{"decision":"reject","digest":"${digest}","decision":"approve"}`, 'decision'],
    ['decisions', `{"decision":"reject","digest":"${digest}","decis\\u0069on":"approve"}`, 'decision'],
    ['withdrawal', '{"comment":"a","comment":"b"}', 'comment'],
    ['execution', '{"action":"pause","comment":"a","action":"resume"}', 'action'],
    ['review', '{"comment":"a","comment":"b"}', 'comment'],
    ['/v1/freezes', '{"reason":"a","reason":"b"}', 'reason'],
    ['/v1/policy-revocations', `{"digest":"${digest}","comment":"a","comment":"b"}`, 'comment'],
    ['/v1/tokens', '{"name":"a","scopes":[],"expiresAt":"x","name":"b"}', 'name'],
  ])('POST …/%s with a member twice is refused: %s', async (call, raw, member) => {
    const path = call.startsWith('/') ? call : `/v1/changes/${id}/${call}`;
    const answer = await stack.api.call(path, { raw, as: 'adam', method: 'POST' });
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(broken(answer)).toEqual([`${member}: once`]);
  });

  test('an answer has no characters that a terminal obeys, though it says them', async () => {
    const name = 'x\u009b2J\u202e\u007f';
    const answer = await stack.api.call(`/v1/changes/${id}/review`, {
      body: { comment: 'x', [name]: 1 },
      as: 'bob',
      method: 'POST',
    });
    expect(broken(answer)).toEqual([`${name}: unknown_field`]);
    expect(answer.text).not.toMatch(/[\u007f-\u009f\u202e]/);
  });

  test.each([
    ['colour=red', 'colour: unknown_field'],
    ['limit=0', 'limit: minimum'],
    ['limit=201', 'limit: maximum'],
    ['limit=1e2', 'limit: format'],
    ['limit=', 'limit: format'],
    ['decisionStatus=maybe', 'decisionStatus: one_of'],
    ['awaiting=bob', 'awaiting: one_of'],
    ['sn=a&sn=b', 'sn: type'],
    ['sn[a]=b', 'sn[a]: unknown_field'],
    ['sn=%00', 'sn: no_control_characters'],
    ['sn=a&scope.sn=a', 'sn: once'],
    ['scope.mqttInstanceId=a&mqttInstanceId=b', 'mqttInstanceId: once'],
    ['scope.sn=a&scope.sn=b', 'scope.sn: type'],
    ['scope.sn=%00', 'scope.sn: no_control_characters'],
    [`scope.sn=${'a'.repeat(2001)}`, 'scope.sn: max_length'],
    ['scope=a', 'scope: unknown_field'],
    ['scope[sn]=a', 'scope[sn]: unknown_field'],
    ['scope.=a', 'scope.: unknown_field'],
    ['scope.s-n=a', 'scope.s-n: unknown_field'],
    ['scope.__proto__=a', 'scope.__proto__: unknown_field'],
    [Array.from({ length: 11 }, (_, n) => `scope.m${n}=1`).join('&'), 'scope: maximum'],
    ['cursor=x', 'cursor: cursor'],
    ['decidedBy=bob', 'decidedBy: one_of'],
    ['submittedFrom=yesterday', 'submittedFrom: format'],
    ['submittedTo=2026-11-24T09:00:00', 'submittedTo: format'],
    ['requestId=%00', 'requestId: no_control_characters'],
  ])('GET /v1/changes?%s is refused', async (query, error) => {
    const answer = await stack.api.call(`/v1/changes?${query}`);
    expect(answer.status).toBe(400);
    expect(broken(answer)).toEqual([error]);
  });

  test('a cursor with a day that there is not is refused', async () => {
    const cursor = Buffer.from(`2026-02-31T00:00:00.000Z ${randomUUID()}`).toString('base64url');
    const answer = await stack.api.call(`/v1/changes?cursor=${cursor}`);
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test.each([
    '/v1/changes/%E0%A4%A',
    '/v1/changes/%00',
    '/v1/changes/..%2f..',
    `/v1/changes/${'x'.repeat(200)}`,
  ])('GET %s is a client error', async (path) => {
    const { status } = await stack.api.call(path);
    expect([400, 404]).toContain(status);
  });
});
