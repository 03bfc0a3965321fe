import { expect, test } from 'vitest';
import { isOwnEffect } from '../../activities/own-effect.ts';
import type { JsonObject } from '../../domain/json.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { change } from '../store/change-fixture.ts';
import definition from '../support/own-operation/definition.ts';

const approved = { holder: 'a', state: 'granted' };
const defined = (achieved: (snapshot: JsonObject | null) => boolean) =>
  defineOperation({ ...definition, achieved, identity: ({ holder = null }: JsonObject) => ({ holder }) });
const revokes = defined((snapshot) => snapshot?.['state'] === 'revoked');
const deletes = defined((snapshot) => snapshot === null);

test.each([
  ['as it was left', revokes, { ...approved, state: 'revoked' }, true],
  ['as it was', revokes, approved, false],
  ['left so, and another one', revokes, { holder: 'b', state: 'revoked' }, false],
  ['gone', revokes, null, false],
  ['deleted', deletes, null, true],
  ['not deleted', deletes, approved, false],
])('a target that is %s', (_what, operation, read, expected) => {
  expect(isOwnEffect(operation, { ...change(), snapshot: approved }, read)).toBe(expected);
  // What nobody has seen before cannot be told to be the same.
  expect(isOwnEffect(operation, { ...change(), snapshot: null }, read)).toBe(false);
});
