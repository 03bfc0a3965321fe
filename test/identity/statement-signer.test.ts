import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SignedStatement, Statement } from '../../domain/statement.ts';
import { createStatementSigner, createStatementVerifier } from '../../identity/statement-signer.ts';

function pair(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const ours = pair();
const other = pair();
const signer = createStatementSigner(ours.privatePem);
const verify = createStatementVerifier([ours.publicPem]);
const statement: Statement = {
  v: 1,
  kind: 'decision',
  changeId: '0b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11',
  person: {
    issuer: 'https://id.example',
    subject: 'bob',
    name: 'Bob',
    roles: ['approver'],
    groups: ['operations'],
    authentication: { methods: ['pwd'], at: '2026-11-24T09:00:00.000Z' },
  },
  action: 'approve',
  comment: 'looked at the serial number',
  digest: 'f'.repeat(64),
  round: 1,
  at: '2026-11-24T09:00:00.000Z',
};
const signed = signer.sign(statement);

test('what was signed verifies, also after a round trip as JSON with its members in another order', () => {
  expect(verify(signed)).toBe(true);
  expect(verify(JSON.parse(JSON.stringify(signed)) as SignedStatement)).toBe(true);
  const turned = Object.fromEntries(Object.entries(statement).reverse()) as unknown as Statement;
  expect(verify({ ...signed, statement: turned })).toBe(true);
  expect(signer.sign(statement)).toEqual(signed);
  expect(Buffer.from(signed.signature, 'base64')).toHaveLength(64);
});

test.each([
  ['action', { action: 'reject' }],
  ['change', { changeId: '1b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11' }],
  ['digest', { digest: 'e'.repeat(64) }],
  ['digest taken away', { digest: null }],
  ['round', { round: 2 }],
  ['comment', { comment: '' }],
  ['time', { at: '2026-11-24T09:00:00.001Z' }],
  ['person', { person: { ...statement.person, subject: 'carol' } }],
  ['issuer', { person: { ...statement.person, issuer: 'https://id2.example' } }],
  ['a role more', { person: { ...statement.person, roles: ['approver', 'admin'] } }],
  ['a member more', { extra: 1 }],
])('a changed statement does not verify: %s', (_name, changed) => {
  expect(verify({ ...signed, statement: { ...statement, ...changed } as Statement })).toBe(false);
});

test('another key, an unknown key id and a broken signature do not verify', () => {
  const theirs = createStatementSigner(other.privatePem).sign(statement);
  expect(verify(theirs)).toBe(false);
  expect(verify({ ...theirs, keyId: signed.keyId })).toBe(false);
  expect(verify({ ...signed, keyId: theirs.keyId })).toBe(false);
  expect(verify({ ...signed, keyId: '__proto__' })).toBe(false);
  for (const signature of ['', 'AAAA', theirs.signature, signed.signature.slice(4)]) {
    expect(verify({ ...signed, signature })).toBe(false);
  }
  expect(createStatementVerifier([])(signed)).toBe(false);
});

test('while a key is being rotated, statements of both verify', () => {
  const both = createStatementVerifier([other.publicPem, ours.publicPem]);
  expect(both(signed)).toBe(true);
  expect(both(createStatementSigner(other.privatePem).sign(statement))).toBe(true);
});

test('what canonical JSON cannot say is not signed', () => {
  expect(() => signer.sign({ ...statement, comment: 'lone \ud800' })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});
