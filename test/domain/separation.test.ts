import { expect, test } from 'vitest';
import type { Role } from '../../domain/person.ts';
import { overlaps } from '../../domain/separation.ts';

const person = (subject: string) => ({ issuer: 'https://id.example', subject });
const directory: Readonly<Record<string, readonly ReturnType<typeof person>[]>> = {
  ops: [person('olga'), person('both')],
  sec: [person('adam'), person('both')],
  look: [person('dave')],
  approvers: [person('dave'), person('bob')],
};
const apart: [string, Role[]][] = [
  ['ops', ['operator']],
  ['sec', ['admin', 'requester']],
  ['look', ['auditor']],
  ['approvers', ['approver']],
];
const found = (map: [string, Role[]][], members = directory) =>
  overlaps(new Map(map), (group) => members[group]);

test('three administrators who are three people are apart, whatever else they may', () => {
  expect(found(apart, { ...directory, ops: [person('olga')] })).toEqual([]);
});

test('somebody whose groups make them two of them is named', () => {
  expect(found(apart)).toEqual([{ who: 'both of https://id.example', roles: ['operator', 'admin'] }]);
});

test('a value that gives two of their roles is named, with or without people', () => {
  expect(found([['root', ['admin', 'approver', 'auditor']]])).toEqual([
    { who: 'value root', roles: ['admin', 'auditor'] },
  ]);
  expect(found([['sec', ['admin', 'admin']]])).toEqual([]);
});

test('the same subject of another issuer is somebody else', () => {
  const other = { issuer: 'https://other.example', subject: 'both' };
  expect(found(apart, { ...directory, ops: [other] })).toEqual([]);
});
