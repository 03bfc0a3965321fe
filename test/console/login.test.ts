import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyWith } from '../support/policy.ts';
import { personAt, startConsoleStack } from './console-stack.ts';
import type { ConsoleStack } from './console-stack.ts';
import { makePerson } from './person.ts';

let stack: ConsoleStack;

beforeAll(async () => {
  stack = await startConsoleStack();
});

afterAll(() => stack.stop());

const failed = (address: string) => Object.fromEntries(new URL(address).searchParams);

test('who logs in has a session, in a cookie that neither a script nor another site can use', async () => {
  const person = personAt(stack, await stack.replica());
  expect(await person.api('/session')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  const shown = await person.login('bob', '?returnTo=/changes?decisionStatus=pending');
  expect(shown).toMatchObject({ status: 200, url: `${stack.url.origin}/changes?decisionStatus=pending` });
  const { status, body, headers } = await person.api('/session');
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { person: { issuer: stack.identity.issuer, subject: 'bob', name: 'Bob Baker' } },
  });
  expect(headers['cache-control']).toBe('no-store');
  const { endsAt, idleAt } = body as { endsAt: string; idleAt: string };
  expect(Date.parse(endsAt) - Date.now()).toBeLessThanOrEqual(12 * 3_600_000);
  expect(Date.parse(idleAt) - Date.now()).toBeLessThanOrEqual(3_600_000);
  // A page that leads here from elsewhere gets no session along: the shell needs none.
  expect((await person.ask('/changes', { site: 'cross-site' })).status).toBe(200);
  // The attempt is over, and so is its cookie.
  expect(person.cookieNames()).toEqual([stack.cookies.session]);
});

test('the cookies are HttpOnly, for this host, Strict for the session and Lax for the way to the provider', async () => {
  const replica = await stack.replica();
  const person = personAt(stack, replica);
  const begun = await person.ask('/session/login');
  const ofAttempt = begun.headers['set-cookie'] ?? [];
  expect(ofAttempt).toHaveLength(1);
  expect(ofAttempt[0]).toMatch(
    /^countersign-\d+-login-[\w-]{16}=[\w-]+; Max-Age=600; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
  );
  expect(begun.headers['cache-control']).toBe('no-store');
  const provider = new URL(begun.location ?? '');
  expect(provider.origin).toBe(stack.identity.issuer);
  expect(Object.fromEntries(provider.searchParams)).toMatchObject({
    response_type: 'code',
    client_id: 'countersign-console',
    code_challenge_method: 'S256',
    redirect_uri: `${stack.url.origin}/session/callback`,
  });
  const page = await makePerson(stack.url).visit(begun.location ?? '');
  // Nothing that the provider or its page is told has a secret of the attempt.
  expect(page.url).not.toContain(ofAttempt[0]?.split('=')[1]);
});

test('the session’s cookie is set as it should be', async () => {
  const replica = await stack.replica();
  const person = makePerson(stack.url);
  const page = await person.beginLogin('', { port: replica.port });
  const chosen = await person.ask(page.url, { method: 'POST', body: 'user=bob' });
  const back = await person.ask(chosen.location ?? '');
  expect(back.location).toContain(`${stack.url.origin}/session/callback?code=`);
  const done = await person.ask(back.location ?? '', { site: 'cross-site', port: replica.port });
  const set = (done.headers['set-cookie'] ?? []).find((line) => line.startsWith(`${stack.cookies.session}=`));
  expect(set).toMatch(/^countersign-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
});

test('a login gives another id, and ends the session that it takes the place of (fixation)', async () => {
  const replica = await stack.replica();
  const [person, attacker] = [personAt(stack, replica), personAt(stack, replica)];
  const planted = 'A'.repeat(43);
  person.plant(stack.cookies.session, planted);
  await person.login('bob');
  const first = person.cookie(stack.cookies.session);
  expect(first).not.toBe(planted);
  attacker.plant(stack.cookies.session, planted);
  expect((await attacker.api('/session')).status).toBe(401);
  // Who knows the id of before does not come along, either.
  await person.login('bob');
  expect(person.cookie(stack.cookies.session)).not.toBe(first);
  attacker.plant(stack.cookies.session, first ?? '');
  expect((await attacker.api('/session')).status).toBe(401);
  expect((await person.api('/session')).status).toBe(200);
});

test.each([
  '//elsewhere.example',
  '/\\elsewhere.example',
  'https://elsewhere.example/',
  '/..//elsewhere.example',
])('a login leads nowhere else: %s', async (returnTo) => {
  const person = personAt(stack, await stack.replica());
  const shown = await person.login('bob', `?returnTo=${encodeURIComponent(returnTo)}`);
  expect(shown.url).toBe(`${stack.url.origin}/`);
});

test('two tabs log in at once: each comes back to its own page', async () => {
  const person = personAt(stack, await stack.replica());
  const one = await person.beginLogin('?returnTo=/changes');
  const other = await person.beginLogin('?returnTo=/audit');
  expect(one.url).not.toBe(other.url);
  const otherShown = await person.choose(other, 'bob');
  const oneShown = await person.choose(one, 'bob');
  expect(otherShown.url).toBe(`${stack.url.origin}/audit`);
  expect(oneShown.url).toBe(`${stack.url.origin}/changes`);
  expect((await person.api('/session')).status).toBe(200);
});

test('however often a login is begun, the browser keeps five attempts: the last ones', async () => {
  const person = personAt(stack, await stack.replica());
  for (let n = 0; n < 7; n++) await person.beginLogin();
  const page = await person.beginLogin('?returnTo=/changes?n=7');
  expect(person.cookieNames()).toHaveLength(5);
  const shown = await person.choose(page, 'bob');
  expect(shown.url).toBe(`${stack.url.origin}/changes?n=7`);
});

test('what comes back to another browser, twice, or too late is no login, and says so', async () => {
  let now = Date.now();
  const replica = await stack.replica({ now: () => now });
  const [person, other] = [personAt(stack, replica), personAt(stack, replica)];
  const page = await person.beginLogin('?returnTo=/audit');
  const chosen = await person.ask(page.url, { method: 'POST', body: 'user=bob' });
  const back = (await person.ask(chosen.location ?? '')).location ?? '';
  // An attacker's code in a victim's browser would log the victim in as the attacker.
  const elsewhere = await other.follow(back);
  expect(elsewhere.url).toBe(`${stack.url.origin}/login?failed=expired&returnTo=%2F`);
  expect(other.cookieNames()).toEqual([]);
  expect((await person.follow(back)).url).toBe(`${stack.url.origin}/audit`);
  expect(failed((await person.follow(back)).url)).toMatchObject({ failed: 'expired' });
  expect((await person.api('/session')).status).toBe(200);

  const late = personAt(stack, replica);
  const slow = await late.beginLogin();
  now += 600_001;
  expect(failed((await late.choose(slow, 'bob')).url)).toMatchObject({ failed: 'expired' });
});

test('with another state, or one of another attempt, nothing is taken', async () => {
  const person = personAt(stack, await stack.replica());
  await person.beginLogin();
  const page = await person.beginLogin();
  const chosen = await person.ask(page.url, { method: 'POST', body: 'user=bob' });
  const back = new URL((await person.ask(chosen.location ?? '')).location ?? '');
  back.searchParams.set('state', 'another');
  expect(failed((await person.follow(back.href)).url)).toMatchObject({ failed: 'expired' });
  back.searchParams.delete('state');
  expect(failed((await person.follow(back.href)).url)).toMatchObject({ failed: 'expired' });
  expect((await person.api('/session')).status).toBe(401);
});

test('a code of one attempt does not fit another', async () => {
  const person = personAt(stack, await stack.replica());
  const begun = await person.ask('/session/login?returnTo=/audit');
  const state = new URL(begun.location ?? '').searchParams.get('state') ?? '';
  const page = await person.beginLogin();
  const chosen = await person.ask(page.url, { method: 'POST', body: 'user=bob' });
  const back = new URL((await person.ask(chosen.location ?? '')).location ?? '');
  back.searchParams.set('state', state);
  expect(failed((await person.follow(back.href)).url)).toEqual({ failed: 'refused', returnTo: '/audit' });
  expect((await person.api('/session')).status).toBe(401);
});

test('a login that the person stops says so, and keeps where it was to lead', async () => {
  const person = personAt(stack, await stack.replica());
  const begun = await person.ask('/session/login?returnTo=/changes?q=1');
  const { searchParams } = new URL(begun.location ?? '');
  const back = new URL('/session/callback', stack.url);
  back.searchParams.set('error', 'access_denied');
  back.searchParams.set('state', searchParams.get('state') ?? '');
  back.searchParams.set('iss', stack.identity.issuer);
  const shown = await person.follow(back.href);
  expect(new URL(shown.url).pathname).toBe('/login');
  expect(failed(shown.url)).toEqual({ failed: 'denied', returnTo: '/changes?q=1' });
  expect(shown.status).toBe(200);
});

test('while the provider is away nobody logs in, and is told so; then they do', async () => {
  let away = true;
  const providerFetch: typeof fetch = (...asked) =>
    away ? Promise.reject(new TypeError('fetch failed')) : fetch(...asked);
  const person = personAt(stack, await stack.replica({ providerFetch }));
  const shown = await person.follow(`${stack.url.origin}/session/login?returnTo=/audit`).catch(() => null);
  // It was begun elsewhere: refused for that. Begun here, it says why.
  expect(shown?.status).toBe(403);
  const told = await person.beginLogin('?returnTo=/audit');
  expect(failed(told.url)).toEqual({ failed: 'unavailable', returnTo: '/audit' });
  away = false;
  expect((await person.login('bob', '?returnTo=/audit')).url).toBe(`${stack.url.origin}/audit`);
});

test('the provider may be seconds ahead or behind, and no more', async () => {
  const shifted =
    (by: number): typeof fetch =>
    async (...asked) => {
      const answer = await fetch(...asked);
      if (!(asked[0] as string).endsWith('/token')) return answer;
      const tokens = (await answer.json()) as { id_token: string };
      const [head = '', payload = '', signature = ''] = tokens.id_token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; iat: number };
      const moved = { ...claims, iat: claims.iat + by, exp: Math.floor(Date.now() / 1000) + by };
      const body = Buffer.from(JSON.stringify(moved)).toString('base64url');
      return Response.json({ ...tokens, id_token: `${head}.${body}.${signature}` }, answer);
    };
  const tolerance = { clockToleranceSeconds: 60 };
  const near = personAt(stack, await stack.replica({ providerFetch: shifted(-20), ...tolerance }));
  expect((await near.login('bob', '?returnTo=/audit')).url).toBe(`${stack.url.origin}/audit`);
  const far = personAt(stack, await stack.replica({ providerFetch: shifted(-90), ...tolerance }));
  expect(failed((await far.login('bob')).url)).toMatchObject({ failed: 'refused' });
});

test('a stronger login is asked for by its age and its class, although the provider knows the person', async () => {
  const person = personAt(stack, await stack.replica({ stepUpAcrValues: 'urn:example:strong' }));
  await person.login('bob');
  const again = await person.ask('/session/login?returnTo=/audit');
  const usual = new URL(again.location ?? '').searchParams;
  expect([usual.get('max_age'), usual.get('acr_values')]).toEqual([null, null]);
  const begun = await person.ask('/session/login?stepUp=1&maxAge=300&returnTo=/audit');
  const asked = new URL(begun.location ?? '').searchParams;
  expect([asked.get('max_age'), asked.get('acr_values')]).toEqual(['300', 'urn:example:strong']);
  // What a policy asks for comes before the setting.
  const other = await person.ask('/session/login?stepUp=1&acrValues=gold%20silver');
  const wanted = new URL(other.location ?? '').searchParams;
  expect([wanted.get('max_age'), wanted.get('acr_values')]).toEqual(['0', 'gold silver']);
  for (const query of ['maxAge=soon', 'maxAge=1&maxAge=2', 'acrValues=%0a', 'acrValues=']) {
    expect((await person.ask(`/session/login?${query}`)).status, query).toBe(400);
  }
});

test('what a policy asks more of a login is had by logging in again, under another session', async () => {
  const authentication = { methods: ['mfa'], maxAgeSeconds: 600 };
  const change = await stack.stored({ policy: policyWith({ authentication }) });
  const person = personAt(stack, await stack.replica());
  await person.login('bob');
  const before = person.cookie(stack.cookies.session);
  const decide = async () => {
    const json = { decision: 'approve', digest: change.digest, comment: '' };
    return (await person.api(`/api/v1/changes/${change.id}/decisions`, { json })).body.code;
  };
  expect(await decide()).toBe('stronger_authentication_needed');
  // The provider knows bob, and asks all the same.
  const page = await person.beginLogin('?stepUp=1');
  expect(page.text).toContain('Log in as');
  await person.choose(page, 'bob', '&mfa=true');
  expect(person.cookie(stack.cookies.session)).not.toBe(before);
  // Good enough: there is only no workflow behind the stored change.
  expect(await decide()).toBe('change_closed');
});

test('nobody is sent to log in by another site', async () => {
  const person = personAt(stack, await stack.replica());
  for (const site of ['cross-site', 'same-site', null] as const) {
    const answer = await person.ask('/session/login', { site: site as 'cross-site' | null });
    expect(answer).toMatchObject({ status: 403, location: null });
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
});
