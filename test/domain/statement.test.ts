import { expect, test } from 'vitest';
import { actionsOfKind, isAct, newStatement } from '../../domain/statement.ts';
import type { Said } from '../../domain/statement.ts';
import { signedStatementSchema } from '../../domain/statement-schema.ts';
import { person } from './decidable-fixture.ts';

const id = '0b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11';
const at = '2026-11-24T09:00:00.000Z';
const kinds = Object.keys(actionsOfKind);
const actions = [...new Set<string>(Object.values(actionsOfKind).flat())];
const pairs = kinds.flatMap((kind) => actions.map((action) => ({ kind, action })));

/** What a statement may say, written down once more. */
const legal = [
  ['decision', 'approve'],
  ['decision', 'reject'],
  ['decision_withdrawal', 'withdraw'],
  ['withdrawal', 'withdraw'],
  ['execution', 'pause'],
  ['execution', 'resume'],
  ['execution', 'retry'],
  ['execution', 'abandon'],
  ['review', 'sign'],
  ['takeover', 'take_over'],
  ['revocation', 'revoke'],
  ['submission', 'submit'],
].map(([kind, action]) => ({ kind, action }));

test('of 88 pairs of kind and action, 12 are statements, for the schema as for the rule', () => {
  expect(pairs).toHaveLength(88);
  const passes = (pair: { kind: string; action: string }) => {
    const said = { ...pair, comment: '' } as Said;
    const statement = newStatement(said, { id, round: 1 }, person('bob'), at);
    return signedStatementSchema.safeParse({ statement, keyId: '', signature: '' }).success;
  };
  expect(pairs.filter(passes)).toEqual(legal);
  expect(pairs.filter(isAct)).toEqual(legal);
});
