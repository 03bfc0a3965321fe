import { describe, expect, test } from 'vitest';
import { contextOf } from '../../audit/pack/context.ts';
import { judgeTarget, mostDeclarations, takeOperations } from '../../audit/verify/judge-target.ts';
import { newLogFacts } from '../../audit/verify/log-facts.ts';
import type { Illogical } from '../../audit/verify/problem.ts';
import { declaredOperation, loadedOperation } from '../../declarations/declared-operation.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { pinnedInputSchema } from '../../domain/declaration.ts';
import { newEntryBody, workerActor } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { leavesOutDeclarations, loadedEntry } from '../../domain/loaded-entries.ts';
import type { LoadedOperation } from '../../domain/loaded-entries.ts';
import { sha256Hex } from '../../domain/sha-256.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { bundledTarget } from '../../operations/bundled-targets.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { pinsOf } from '../../operations/operation.ts';
import type { Operation } from '../../operations/operation.ts';
import { closeAccount } from '../support/close-account.ts';
import { changeStory } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { packOf, verifiedText } from './pack-testbed.ts';

/* The target of a change follows from its input: of a declared operation by the log alone, of a bundled one by its definition. */

const time = '2026-11-30T09:00:00.000Z';
const operation = declaredOperation(closeAccount);
const loaded = (...operations: LoadedOperation[]) =>
  loadedEntry({ type: 'operations.loaded', operations }, time).body;
const input = { region: 'eu', account: 'A-1' };
const { id: target, scope, label } = operation.target(input);

function requested(more: JsonObject = {}): EntryBody {
  return newEntryBody({
    ...{ type: 'change.requested', time, actor: workerActor, changeId: 'c' },
    ...{ operation: 'CloseAccount', ...pinsOf(operation), input, target, label },
    ...{ scope: { ...scope }, ...more },
  });
}

function found(...bodies: readonly EntryBody[]): Illogical[] {
  const facts = newLogFacts();
  const codes: Illogical[] = [];
  const report = (code: Illogical) => void codes.push(code);
  for (const body of bodies) {
    if (body.type === 'operations.loaded') takeOperations(facts, body, true, report);
    else judgeTarget(facts, body, report);
  }
  return codes;
}

describe('the target of a change', () => {
  const both = loaded(loadedOperation(activeCaCertificate), loadedOperation(operation));

  test('is what its declaration makes of its input', () => {
    expect(found(both, requested())).toEqual([]);
  });

  test.each<[string, JsonObject]>([
    ['another id', { target: 'accounts/eu/A-2' }],
    ['another scope', { scope: { region: 'us', account: 'A-1' } }],
    ['another label', { label: 'account A-2 in eu' }],
    ['another input', { input: { region: 'eu', account: 'A-2' } }],
    ['an input that has no target', { input: { region: 'eu' } }],
  ])('is not %s', (_what, more) => {
    expect(found(both, requested(more))).toEqual(['target_differs']);
  });

  test.each<[string, EntryBody[]]>([
    ['nothing was told before', [requested({ target: 'x' })]],
    ['it was told after', [requested({ target: 'x' }), both]],
    ['another version was told', [both, requested({ target: 'x', operationVersion: '2' })]],
    ['another schema was told', [both, requested({ target: 'x', inputSchemaDigest: '0'.repeat(64) })]],
    ['no file declares it', [loaded(loadedOperation(activeCaCertificate)), requested({ target: 'x' })]],
  ])('is not judged where %s', (_what, bodies) => {
    expect(found(...bodies)).toEqual([]);
  });
});

describe('the target of a bundled operation’s change', () => {
  const inputOf = ({ scope: members }: Operation) =>
    Object.fromEntries(members.map((member) => [member, `${member} (1)`]));
  const asked = (one: Operation, more: JsonObject = {}) => {
    const made = one.target(inputOf(one));
    return requested({
      ...{ operation: one.name, ...pinsOf(one), input: inputOf(one) },
      ...{ target: made.id, scope: { ...made.scope }, label: made.label, ...more },
    });
  };

  test.each(bundledOperations.map((one) => [one.name, one] as const))(
    'is what %s makes of its input',
    (_name, one) => {
      expect(bundledTarget(one.name, one.version, one.inputSchemaDigest)).toBeDefined();
      expect(found(asked(one))).toEqual([]);
      const [member = ''] = one.scope;
      const others: JsonObject[] = [
        { target: 'x' },
        { scope: { ...inputOf(one), [member]: 'x' } },
        { label: 'x' },
        { input: { ...inputOf(one), [member]: 'x' } },
        { input: { ...inputOf(one), more: 'x' } },
        { input: { ...inputOf(one), [member]: 1 } },
        { input: {} },
      ];
      for (const other of others) expect(found(asked(one, other))).toEqual(['target_differs']);
    },
  );
});

test('the verifier says of which operations it did not judge the target', async () => {
  const told = async (story: (s: ChangeStory) => EntryBody[], more: readonly EntryBody[] = []) => {
    const verdict = await verifiedText(await packOf([...more, ...story(changeStory())]));
    return [verdict.result, verdict.notProven.filter((text) => text.includes('makes of the input')).length];
  };
  expect(await told((s) => [s.requested()])).toEqual(['valid', 0]);
  expect(await told((s) => [{ ...s.requested(), label: 'another' }])).toEqual(['tampered', 0]);
  const other = (s: ChangeStory) => [{ ...s.requested(), operation: 'CloseAccount' }];
  expect((await told(other))[1]).toBe(1);
});

test.each<[string, Partial<LoadedOperation>]>([
  ['another target', { declaration: { ...closeAccount, target: { ...closeAccount.target, id: 'x' } } }],
  ['another queue', { declaration: { ...closeAccount, worker: { ...closeAccount.worker, taskQueue: 'x' } } }],
  ['another name', { name: 'Other' }],
  ['another digest', { inputSchemaDigest: '0'.repeat(64) }],
])('a declaration with %s than its digest says is told of, and judges nothing', (_what, change) => {
  const forged = loaded({ ...loadedOperation(operation), ...change });
  expect(found(forged, requested({ target: 'x' }))).toEqual(['declaration_differs']);
});

describe('declarations that are not followed', () => {
  const take = (facts: ReturnType<typeof newLogFacts>, body: EntryBody) => {
    takeOperations(facts, body, true, () => undefined);
    return facts;
  };
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      loadedOperation(declaredOperation({ ...closeAccount, name: `Operation${at}` })),
    );

  test.each<[string, LoadedOperation[], number]>([
    ['all fit', many(2), 0],
    ['of code there is none', [loadedOperation(activeCaCertificate)], 0],
    ['the declarations do not fit', many(60), 1],
    ['the list does not fit', many(400), 1],
  ])('are told of where %s', (_what, operations, unlisted) => {
    const entry = loadedEntry({ type: 'operations.loaded', operations }, time);
    expect(take(newLogFacts(), entry.body).unlistedDeclarations).toBe(unlisted);
    expect(leavesOutDeclarations(entry)).toBe(unlisted > 0);
  });

  test('are the oldest, and their number is told', () => {
    const facts = newLogFacts();
    const version = (n: number) => {
      const declaration = { ...closeAccount, version: `0.${n}` };
      const inputSchemaDigest = sha256Hex(canonicalJson(pinnedInputSchema(declaration)));
      return { ...loadedOperation(operation), version: declaration.version, inputSchemaDigest, declaration };
    };
    for (let n = 0; n < mostDeclarations; n += 1) take(facts, loaded(version(n)));
    take(facts, loaded(version(0)));
    expect(facts.forgottenDeclarations).toBe(0);
    take(facts, loaded(loadedOperation(operation)));
    expect(facts).toMatchObject({ forgottenDeclarations: 1 });
    expect([...facts.declared.values()].map((one) => one.version)).not.toContain('0.1');
    const codes: Illogical[] = [];
    judgeTarget(facts, requested({ target: 'x' }), (code) => void codes.push(code));
    expect(codes).toEqual(['target_differs']);
  });
});

test('declarations that no entry can hold are left out, then the list, and one hash stands for them', () => {
  const listed = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ...loadedOperation(operation), name: `Operation${at}` }));
  const [short, shorter, shortest] = [listed(3), listed(60), listed(400)].map((list) => loaded(...list));
  expect((short?.['operations'] as JsonObject[])[0]).toHaveProperty('declaration', closeAccount);
  expect((shorter?.['operations'] as JsonObject[])[0]).toEqual({ name: 'Operation0', ...pinned() });
  expect(shortest?.['operations']).toBeNull();
  expect(new Set([short, shorter, shortest].map((body) => body?.['sha256'])).size).toBe(3);
});
const pinned = () => ({ version: '1', inputSchemaDigest: operation.inputSchemaDigest });

test('the pack of a change has the newest entry before it that declares its operation', () => {
  const at = (index: number, body: EntryBody) => ({ index, body });
  const own = loaded(loadedOperation(operation));
  const other = loaded(loadedOperation(declaredOperation({ ...closeAccount, version: '2' })));
  const candidates = [at(0, own), at(1, own), at(2, other), at(4, own)];
  const asked = { requested: at(3, requested()), last: 9, policyKey: '', token: null, debtor: null };
  expect(contextOf(asked, candidates).map(({ index }) => index)).toEqual([1]);
});
