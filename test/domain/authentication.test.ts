import { expect, test } from 'vitest';
import { refusalOfAuthentication } from '../../domain/authentication.ts';
import type { RequiredAuthentication } from '../../domain/policy.ts';
import { isoTime } from '../../domain/time.ts';

const now = Date.parse('2026-11-24T12:00:00.000Z');
const ago = (seconds: number) => isoTime(now - seconds * 1000);
const weak = 'stronger_authentication_needed';

test.each<[string, string[], string | null, RequiredAuthentication | null, 'enough' | typeof weak]>([
  ['nothing asked, nothing known', [], null, null, 'enough'],
  ['an empty rule', [], null, {}, 'enough'],
  ['the method', ['pwd', 'mfa'], null, { methods: ['mfa'] }, 'enough'],
  ['one of the methods', ['hwk'], null, { methods: ['mfa', 'hwk'] }, 'enough'],
  ['another method', ['pwd'], null, { methods: ['mfa', 'hwk'] }, weak],
  ['a part of a method', ['mfa-lite'], null, { methods: ['mfa'] }, weak],
  ['another case', ['MFA'], null, { methods: ['mfa'] }, weak],
  ['no method', [], null, { methods: ['mfa'] }, weak],
  ['methods asked for, none of them good enough', ['mfa'], null, { methods: [] }, weak],
  ['the context', ['pwd', 'acr:gold'], null, { methods: ['acr:gold'] }, 'enough'],
  ['another context', ['acr:silver'], null, { methods: ['acr:gold'] }, weak],
  ['a recent login', [], ago(299), { maxAgeSeconds: 300 }, 'enough'],
  ['one just recent enough', [], ago(300), { maxAgeSeconds: 300 }, 'enough'],
  ['one just too old', [], ago(300.001), { maxAgeSeconds: 300 }, weak],
  ['no time', ['mfa'], null, { maxAgeSeconds: 300 }, weak],
  ['a time that is none', [], 'yesterday', { maxAgeSeconds: 300 }, weak],
  ['a clock ahead', [], ago(-60), { maxAgeSeconds: 300 }, 'enough'],
  ['a login of the future', [], ago(-61), { maxAgeSeconds: 300 }, weak],
  ['both', ['mfa'], ago(10), { methods: ['mfa'], maxAgeSeconds: 300 }, 'enough'],
  ['strong and old', ['mfa'], ago(301), { methods: ['mfa'], maxAgeSeconds: 300 }, weak],
  ['recent and weak', ['pwd'], ago(10), { methods: ['mfa'], maxAgeSeconds: 300 }, weak],
])('%s', (_name, methods, at, required, outcome) => {
  expect(refusalOfAuthentication({ methods, at }, required, now)?.code ?? 'enough').toBe(outcome);
});

test.each<[string, RequiredAuthentication, string | null, object]>([
  ['a method cannot be asked for: a login anew', { methods: ['mfa'] }, null, { maxAgeSeconds: 0 }],
  ['nor is a recent login enough', { methods: ['mfa'], maxAgeSeconds: 60 }, ago(1), { maxAgeSeconds: 0 }],
  [
    'contexts are asked for',
    { methods: ['hwk', 'acr:gold', 'acr:urn:x'] },
    null,
    { acrValues: 'gold urn:x' },
  ],
  [
    'contexts, and as recent',
    { methods: ['acr:gold'], maxAgeSeconds: 60 },
    ago(1),
    { acrValues: 'gold', maxAgeSeconds: 60 },
  ],
  ['a context that no request can carry', { methods: ['acr:a "b"'] }, null, { maxAgeSeconds: 0 }],
  ['an old login', { maxAgeSeconds: 60 }, ago(61), { maxAgeSeconds: 60 }],
  [
    'an old login that was strong enough stays so',
    { methods: ['acr:gold', 'pwd'], maxAgeSeconds: 60 },
    ago(61),
    { acrValues: 'gold', maxAgeSeconds: 60 },
  ],
])('the refusal says what to ask the provider for: %s', (_name, required, at, way) => {
  expect(refusalOfAuthentication({ methods: ['pwd'], at }, required, now)?.extra).toEqual(way);
});
