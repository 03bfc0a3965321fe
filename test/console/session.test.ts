import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/service.ts';
import { personAt, startConsoleStack } from './console-stack.ts';
import type { ConsoleStack, PersonHere } from './console-stack.ts';

let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(() => stack.stop());

const hour = 3_600_000;
const minute = 60_000;

/** Asks the provider as the console does, and counts what it is asked for. */
function counting() {
  const grants: (string | null)[] = [];
  const providerFetch: typeof fetch = (address, init) => {
    if ((address as string).endsWith('/token')) {
      grants.push(new URLSearchParams(init?.body as string).get('grant_type'));
    }
    return fetch(address, init);
  };
  return { providerFetch, refreshes: () => grants.filter((grant) => grant === 'refresh_token').length };
}

const rowOf = async (person: PersonHere) => {
  const hash = createHash('sha256')
    .update(person.cookie(stack.cookies.session) ?? '')
    .digest();
  return (await stack.rows()).find(({ id_hash }) => id_hash.equals(hash)) ?? null;
};
const statusOf = async (person: PersonHere) => (await person.api('/api/v1/operations')).status;

test('what is kept tells neither the id, nor whose it is, nor a token', async () => {
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  const id = person.cookie(stack.cookies.session) ?? '';
  const row = await rowOf(person);
  const text = JSON.stringify(row) + (row?.sealed.toString('latin1') ?? '');
  expect(row?.sealed.length).toBeGreaterThan(500);
  for (const secret of [id, 'bob', 'Bob Baker', 'eyJ']) expect(text).not.toContain(secret);
});

test('a row in another row’s place, or under another console’s key, is no session', async () => {
  const replica = await stack.replica();
  const [person, other] = [personAt(stack, replica), personAt(stack, replica)];
  await person.login('bob');
  await other.login('carol');
  const [row, others] = [await rowOf(person), await rowOf(other)];
  await stack.db.query('update console.session set sealed = $2 where id_hash = $1', [
    row?.id_hash,
    others?.sealed,
  ]);
  expect((await person.api('/session')).status).toBe(401);
  expect(await statusOf(person)).toBe(401);
  expect(await statusOf(other)).toBe(200);
});

test('a row that was given another end is no session', async () => {
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  const row = await rowOf(person);
  await stack.db.query('delete from console.session where id_hash = $1', [row?.id_hash]);
  const again = `insert into console.session (id_hash, sealed, started_at, used_at, ends_at) values ($1, $2, now(), now(), $3)`;
  await stack.db.query(again, [row?.id_hash, row?.sealed, '2099-01-01T00:00:00Z']);
  expect((await person.api('/session')).status).toBe(401);
  expect(await statusOf(person)).toBe(401);
});

test.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}%`, "' or 1=1 --"])(
  'an id that is none: %j',
  async (id) => {
    const person = personAt(stack, await stack.replica());
    person.plant(stack.cookies.session, id);
    expect((await person.api('/session')).status).toBe(401);
  },
);

/** Whether somebody waits for a lock of this database. */
const isWaiting = async (): Promise<boolean> => {
  const { rowCount } = await stack.db.query(
    `select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`,
  );
  return (rowCount ?? 0) > 0;
};

test('of many requests at two replicas, one asks the provider for another token', async () => {
  let now = Date.now();
  const { providerFetch: ask, refreshes } = counting();
  // The first answer comes once the other replica waits for it, or has asked as well.
  const providerFetch: typeof fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (refreshes() === 1)
      await eventually(async () => refreshes() > 1 || (await isWaiting()) || null, undefined, 9000);
    return answer;
  };
  const [one, other] = [
    await stack.replica({ providerFetch, now: () => now }),
    await stack.replica({ providerFetch, now: () => now }),
  ];
  const person = personAt(stack, one);
  await person.login('bob');
  now += hour - 10_000;
  const ports = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? one.port : other.port));
  const answers = await Promise.all(ports.map((port) => person.api('/api/v1/operations', { port })));
  expect(answers.map(({ status }) => status)).toEqual(ports.map(() => 200));
  expect(refreshes()).toBe(1);
  // The provider revokes everything where one refresh token is used twice: the next one is still good.
  now += hour / 2;
  await person.api('/api/v1/operations');
  now += hour / 2 - 10_000;
  expect((await person.api('/api/v1/operations')).status).toBe(200);
  expect(refreshes()).toBe(2);
});

test('many requests of one person that wait for the provider hold up nobody else', async () => {
  let now = Date.now();
  const held = Promise.withResolvers<true>();
  let isHeld = false;
  const { providerFetch: ask, refreshes } = counting();
  const providerFetch: typeof fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (isHeld && refreshes() === 1) await held.promise;
    return answer;
  };
  const replica = await stack.replica({ providerFetch, now: () => now });
  const [person, other] = [personAt(stack, replica), personAt(stack, replica)];
  await person.login('bob');
  await other.login('carol');
  isHeld = true;
  now += hour - 10_000;
  const waiting = Promise.all(Array.from({ length: 20 }, () => statusOf(person)));
  await eventually(() => Promise.resolve(refreshes() === 1 || null));
  expect(await statusOf(other)).toBe(200);
  expect(refreshes()).toBe(2);
  held.resolve(true);
  expect(new Set(await waiting)).toEqual(new Set([200]));
});

test('while the provider is away the token of before goes on, as long as it is good; the session stays', async () => {
  let now = Date.now();
  let away = false;
  const providerFetch: typeof fetch = (...asked) =>
    away ? Promise.reject(new TypeError('fetch failed')) : fetch(...asked);
  const person = personAt(stack, await stack.replica({ providerFetch, now: () => now }));
  await person.login('bob');
  away = true;
  now += hour - 20_000;
  expect(await statusOf(person)).toBe(200);
  now += 30_000;
  expect(await person.api('/api/v1/operations')).toMatchObject({
    status: 503,
    body: { code: 'identity_unavailable' },
  });
  away = false;
  expect(await statusOf(person)).toBe(200);
});

test('a token that the API does not take is replaced once, and the call is made with the new one', async () => {
  const { providerFetch, refreshes } = counting();
  const expired = await stack.identity.tokenFor('bob', { exp: Math.floor(Date.now() / 1000) - 60 });
  let given = 0;
  // As if this clock were behind the API's: the token seems good here, and is over there.
  const behind: typeof fetch = async (address, init) => {
    const answer = await providerFetch(address, init);
    if (!(address as string).endsWith('/token') || given++ > 0) return answer;
    return Response.json({ ...((await answer.json()) as object), access_token: expired }, answer);
  };
  const person = personAt(stack, await stack.replica({ providerFetch: behind }));
  await person.login('bob');
  expect(await statusOf(person)).toBe(200);
  expect(await statusOf(person)).toBe(200);
  expect(refreshes()).toBe(1);
});

test('a token that the API takes in no form is asked for twice, and then the person is told', async () => {
  const replica = await stack.replica();
  const held = (access: string) => ({
    account: { issuer: stack.identity.issuer, subject: 'bob', name: 'X' },
    tokens: { access, refresh: null, id: null, refreshAt: Date.now() + hour, expiresAt: Date.now() + hour },
  });
  const person = personAt(stack, replica);
  person.plant(stack.cookies.session, await replica.sessions.begin(held('no token'), null));
  expect(await person.api('/api/v1/operations')).toMatchObject({
    status: 401,
    body: { code: 'unauthenticated' },
  });
  expect((await person.api('/session')).status).toBe(401);
});

test('after an hour without anything done it is over; after twelve in any case', async () => {
  let now = Date.now();
  const person = personAt(stack, await stack.replica({ now: () => now }));
  await person.login('bob');
  for (let n = 0; n < 11; n++) {
    now += 59 * minute - 1000;
    expect(await statusOf(person)).toBe(200);
  }
  const { body } = await person.api('/session');
  now = Date.parse(body.endsAt as string) - 1;
  await stack.db.query('update console.session set used_at = ends_at');
  expect((await person.api('/session')).status).toBe(200);
  now += 1;
  expect((await person.api('/session')).status).toBe(401);

  const idle = personAt(stack, await stack.replica({ now: () => now }));
  await idle.login('bob');
  now += hour;
  expect((await idle.api('/session')).status).toBe(401);
});

test('what the page asks for by itself keeps no session alive', async () => {
  let now = Date.now();
  const person = personAt(stack, await stack.replica({ now: () => now }));
  await person.login('bob');
  now += 40 * minute;
  const headers = { 'x-countersign': 'background' };
  expect((await person.api('/api/v1/operations', { headers })).status).toBe(200);
  expect((await person.api('/session')).status).toBe(200);
  now += 21 * minute;
  expect((await person.api('/api/v1/operations', { headers })).status).toBe(401);
});

test('who logs out has no session here, none at the provider, and no token that is good', async () => {
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  const id = person.cookie(stack.cookies.session) ?? '';
  const logout = await person.api('/session/logout', { method: 'POST', json: {} });
  expect(logout.status).toBe(200);
  expect(person.cookie(stack.cookies.session)).toBeNull();
  // Whoever has kept the id has nothing.
  person.plant(stack.cookies.session, id);
  expect((await person.api('/session')).status).toBe(401);
  const out = new URL(logout.body.location as string);
  expect(out.origin).toBe(stack.identity.issuer);
  const page = await person.follow(out.href);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const confirm = /action="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const gone = await person.ask(confirm, { method: 'POST', headers, body: `xsrf=${xsrf}&logout=yes` });
  expect(gone.location).toBe(`${stack.url.origin}/`);
  // The provider asks again who it is.
  expect((await person.beginLogin()).text).toContain('Log in as');
});

test('to log out twice, or without a session, is no error', async () => {
  const person = personAt(stack, await stack.replica());
  for (let n = 0; n < 2; n++) {
    const answer = await person.api('/session/logout', { method: 'POST', json: {} });
    expect(answer).toMatchObject({ status: 200, body: { location: null } });
  }
});

test('another site can neither log somebody out nor ask who they are', async () => {
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const asked of [
    { site: 'cross-site', headers: { 'x-countersign': '1' } },
    { site: 'same-origin', headers: {} },
    { site: 'same-origin', headers: { 'x-countersign': '1', ...form }, body: 'a=b' },
    { site: 'same-origin', headers: { 'x-countersign': '1', origin: 'https://elsewhere.example' } },
  ] as const) {
    const answer = await person.ask('/session/logout', { method: 'POST', ...asked });
    expect([403, 415]).toContain(answer.status);
  }
  expect((await person.ask('/session/logout')).status).toBe(405);
  expect((await person.ask('/session', { site: 'cross-site' })).status).toBe(403);
  expect((await person.api('/session')).status).toBe(200);
});

// The last: the API asks a moment later which keys the provider has then.
test('a session that the provider has ended is over here, too', async () => {
  let now = Date.now();
  const person = personAt(stack, await stack.replica({ now: () => now }));
  await person.login('bob');
  // Its memory is gone, as if somebody had ended all of bob's sessions there.
  await stack.identity.rotateKey();
  now += hour - 10_000;
  expect(await person.api('/api/v1/operations')).toMatchObject({
    status: 401,
    body: { code: 'unauthenticated' },
  });
  expect(await rowOf(person)).toBeNull();
});
