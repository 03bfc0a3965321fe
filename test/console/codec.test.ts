import { afterAll, beforeAll, expect, test } from 'vitest';
import { payloadReader } from '../../codec/payload-reader.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { shownPayload, shownPlain, testKeys } from '../support/payload-keys.ts';
import { personAt, startConsoleStack } from './console-stack.ts';
import type { ConsoleStack, PersonHere } from './console-stack.ts';

/* Temporal's web UI asks with the session of whoever is logged in to the console. */

const ui = 'http://localhost:8233';
const said = { justification: 'the line moves' };
let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack({ payloads: payloadReader(testKeys) });
});
afterAll(() => stack.stop());

async function loggedIn(user: string): Promise<PersonHere> {
  const person = personAt(stack, await stack.replica({ temporalUi: ui }));
  await person.login(user);
  return person;
}

async function payload() {
  const { id } = await stack.stored();
  return shownPayload(said, stack.testbed.namespace, workflowIdOf(id));
}

function ask(
  person: PersonHere,
  payloads: unknown[],
  headers: Record<string, string> = {},
  site: 'same-site' | 'cross-site' = 'same-site',
) {
  return person.ask('/codec/decode?preserveStorageRefs=true', {
    method: 'POST',
    site,
    headers: {
      origin: ui,
      'content-type': 'application/json',
      'x-namespace': stack.testbed.namespace,
      ...headers,
    },
    body: JSON.stringify({ payloads }),
  });
}

test('whoever is logged in reads what they may, in the UI’s page', async () => {
  const person = await loggedIn('bob');
  const answer = await ask(person, [await payload()]);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({ payloads: [shownPlain(said)] });
  expect(answer.headers['access-control-allow-origin']).toBe(ui);
  expect(answer.headers['access-control-allow-credentials']).toBe('true');
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('who may not read the change does not', async () => {
  const { status, text } = await ask(await loggedIn('erin'), [await payload()]);
  expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([404, 'not_found']);
});

test('the browser is told that it may, before it sends the cookie', async () => {
  const person = await loggedIn('bob');
  const preflight = (origin: string) =>
    person.ask('/codec/decode', {
      method: 'OPTIONS',
      site: 'same-site',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace',
      },
    });
  const allowed = await preflight(ui);
  expect(allowed.status).toBe(204);
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': ui,
    'access-control-allow-credentials': 'true',
  });
  const denied = await preflight('http://localhost:9999');
  expect(denied.status).toBe(403);
  expect(denied.headers).not.toHaveProperty('access-control-allow-origin');
});

test('without a session, from another page, or from another site, nothing is answered', async () => {
  const one = await payload();
  const stranger = personAt(stack, await stack.replica({ temporalUi: ui }));
  expect((await ask(stranger, [one])).status).toBe(401);
  const person = await loggedIn('bob');
  expect((await ask(person, [one], { origin: 'http://localhost:9999' })).status).toBe(403);
  // The browser keeps the cookie back.
  expect((await ask(person, [one], {}, 'cross-site')).status).toBe(401);
  expect((await ask(person, [one], { 'content-type': 'text/plain' })).status).toBe(415);
  // The page may ask for nothing else with it.
  expect((await person.ask('/api/v1/me', { site: 'same-site', headers: { origin: ui } })).status).toBe(403);
  const encode = await person.ask('/codec/encode', {
    method: 'POST',
    site: 'same-site',
    headers: { origin: ui },
  });
  expect(encode.status).toBe(404);
});

test('without a configured UI nobody’s page may ask', async () => {
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  expect((await ask(person, [await payload()])).status).toBe(403);
});
