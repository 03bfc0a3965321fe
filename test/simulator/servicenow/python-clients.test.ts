import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import { missingForPython, pipFolder } from '../../support/python.ts';
import { recordsOf } from './control.ts';

const run = promisify(execFile);
const installMs = 540_000;
const certificate = fileURLToPath(new URL('../loopback-certificate.pem', import.meta.url));

const missing = await missingForPython();
if (missing !== null) console.warn(`Python's clients of ServiceNow are not tried: ${missing}.`);

const withPysnow = `
import json, sys, pysnow, requests

host, out = sys.argv[1], {}
client = pysnow.Client(host=host, user='countersign', password='writer-secret', use_ssl=False)
changes = client.resource(api_path='/table/change_request')
made = changes.create(payload={'short_description': 'by pysnow', 'correlation_id': 'p-1'}).one()
out['number'], out['state'] = made['number'], made['state']
query = pysnow.QueryBuilder().field('correlation_id').equals('p-1')
out['found'] = [row['number'] for row in changes.get(query=query, stream=True).all()]
out['none'] = changes.get(query={'correlation_id': 'p-2'}, stream=True).first_or_none()
out['updated'] = changes.update(query={'number': made['number']}, payload={'state': '-4', 'work_notes': 'n'}).one()['state']
try:
    changes.update(query={'number': made['number']}, payload={'state': '3'}).one()
except requests.exceptions.HTTPError as error:
    out['refused'] = error.response.status_code
api = client.resource(api_path='/v1/change', base_path='/api/sn_chg_rest')
normal = api.request('POST', path_append='/normal', data=json.dumps({'short_description': 'by the other API'})).one()
out['other'] = normal['state']
next_states = api.request('GET', path_append='/' + normal['sys_id']['value'] + '/nextstates').one()
out['next'] = next_states['available_states']
out['deleted'] = changes.delete(query={'number': made['number']})
print(json.dumps(out))
`;

const withPysnc = `
import json, sys, pysnc

url, certificate, out = sys.argv[1], sys.argv[2], {}
client = pysnc.ServiceNowClient(url, ('countersign', 'writer-secret'), verify=certificate, auto_retry=False)
change = client.GlideRecord('change_request')
change.initialize()
change.short_description = 'by pysnc'
change.correlation_id = 's-1'
out['sys_id'] = str(change.insert())
change = client.GlideRecord('change_request')
change.add_query('correlation_id', 's-1')
change.query()
out['found'] = [(row.get_value('number'), row.get_value('state'), row.get_display_value('state')) for row in change]
change = client.GlideRecord('change_request')
out['got'] = change.get(out['sys_id'])
change.state = '-4'
change.update()
out['state'] = change.get_display_value('state')
out['none'] = client.GlideRecord('change_request').get('0' * 32)
change.state = '3'
try:
    change.update()
except pysnc.exceptions.RoleException as error:
    out['refused'] = str(error)
try:
    pysnc.ServiceNowClient(url, ('countersign', 'wrong'), verify=certificate).GlideRecord('sys_user').get('x')
except pysnc.exceptions.AuthenticationException:
    out['wrong'] = True
flow = pysnc.auth.ServiceNowClientCredentialsFlow('countersign-client', 'client-secret')
with_token = pysnc.ServiceNowClient(url, flow, verify=certificate, auto_retry=False)
out['by_token'] = with_token.GlideRecord('change_request').get(out['sys_id'])
print(json.dumps(out))
`;

let plain: RestEndpoint;
let secure: RestEndpoint;
const folders = { pysnow: '', pysnc: '' };

beforeAll(
  async () => {
    plain = await startServiceNow();
    const key = await readFile(new URL('../loopback-key.pem', import.meta.url), 'utf8');
    secure = await startServiceNow({ tls: { key, cert: await readFile(certificate, 'utf8') } });
    if (missing !== null) return;
    folders.pysnow = await pipFolder('pysnow-0.7.17', 'pysnow==0.7.17');
    folders.pysnc = await pipFolder('pysnc-1.2.1', 'pysnc==1.2.1');
  },
  2 * installMs + 30_000,
);

afterAll(() => Promise.all([plain.close(), secure.close()]));

async function python(
  folder: string,
  script: string,
  ...parameters: string[]
): Promise<Record<string, unknown>> {
  // A bundle that the environment names would be taken before the one that the script gives.
  const env = { ...process.env, PYTHONPATH: folder, no_proxy: '127.0.0.1', REQUESTS_CA_BUNDLE: certificate };
  const { stdout } = await run('python3', ['-W', 'ignore', '-c', script, ...parameters], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

test.skipIf(missing !== null)('pysnow creates, finds, moves and deletes a change over HTTP', async () => {
  expect(await python(folders.pysnow, withPysnow, plain.url.replace('http://', ''))).toEqual({
    number: 'CHG0030001',
    state: '-5',
    found: ['CHG0030001'],
    none: null,
    updated: '-4',
    refused: 403,
    other: { display_value: 'New', value: -5 },
    next: ['-4', '4', '-5'],
    deleted: { status: 'record deleted' },
  });
  expect((await recordsOf(plain.url, 'sys_journal_field'))[0]).toMatchObject({ value: 'n' });
});

test.skipIf(missing !== null)('pysnc creates, finds and moves a change over TLS', async () => {
  const out = await python(folders.pysnc, withPysnc, secure.url, certificate);
  expect(out).toEqual({
    sys_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    found: [['CHG0030001', '-5', 'New']],
    got: true,
    state: 'Assess',
    none: false,
    refused: expect.stringContaining('aborted by Business Rule') as string,
    wrong: true,
    by_token: true,
  });
});
