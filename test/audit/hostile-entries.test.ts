import { expect, test, vi } from 'vitest';
import { collectFindings } from '../../audit/verify/finding.ts';
import { follow } from '../../audit/verify/follow-change.ts';
import type { ChangeRecord } from '../../audit/verify/change-record.ts';
import { mostOpen } from '../../audit/verify/judge-attempts.ts';
import { mostDeciders } from '../../audit/verify/judge-decisions.ts';
import { judgeEntries } from '../../audit/verify/judge-entries.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { changeStory, person, policyOf } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';

/* Whoever forges a log may put anything into its entries. The verifier reports it, and neither fails nor takes for ever. */

vi.setConfig({ testTimeout: 60_000 });

const forms: (Json | undefined)[] = [undefined, null, -1, 'x', [], [null], {}];

/** Every entry that moves a change, in an order in which it may. */
function everyEntry(s: ChangeStory): EntryBody[] {
  const [eve, olga] = [person('eve', 'approver'), person('olga', 'operator')];
  return [
    s.pinned(),
    ...[s.attested(s.requested()), s.prechecked(), s.reminded(), s.escalated(), s.rejected()],
    ...[s.approved(), s.spoken('decision.withdrawn', eve, 'decision_withdrawal', 'withdraw'), s.scheduled()],
    ...[s.lapsed('bob'), s.scheduled(), s.entry('change.held', { called: false }), s.stop('pause')],
    ...[s.operator('pause'), s.operator('resume'), s.operator('retry'), s.started(), s.ended('failed')],
    ...[s.entry('change.drifted', { called: true }), s.prechecked(2), s.withdrawn(olga), s.takenOver()],
    ...[s.revoked('change.refused'), s.revoked('change.abandoned'), s.entry('change.expired')],
    ...[s.entry('change.reconciled'), s.closed(), s.reviewed(), s.ended('succeeded'), s.entry('audit.read')],
  ];
}

/** The body with one of its members, however deep, in another form. */
function* forgeries(value: JsonObject): Generator<JsonObject> {
  for (const [member, own] of Object.entries(value)) {
    for (const form of forms) yield { ...value, [member]: form } as JsonObject;
    if (typeof own !== 'object' || own === null || Array.isArray(own)) continue;
    for (const inner of forgeries(own as JsonObject)) yield { ...value, [member]: inner };
  }
}

/** What every reader of entries has checked before, so it is never forged. */
const given = ['v', 'type', 'time', 'changeId', 'actor', 'operation', 'target'];
const isRead = (body: EntryBody, forged: JsonObject) =>
  given.every((member) => member === 'actor' || forged[member] === body[member]) &&
  typeof forged.actor === 'object' &&
  forged.actor !== null &&
  !Array.isArray(forged.actor);

/** The index of entries of a change that nobody has forged. */
const honest = 7;

test('members that entries lack or have in another form are reported, and the rest is judged', async () => {
  let count = 0;
  let malformed = 0;
  const story = everyEntry(changeStory({ breakGlass: true }));
  const other = changeStory();
  const sound = [
    other.pinned(),
    other.requested(),
    other.prechecked(),
    other.approved(),
    other.scheduled(),
    other.started(),
  ];
  for (const [at, body] of story.entries()) {
    for (const forged of forgeries(body)) {
      if (!isRead(body, forged)) continue;
      const findings = collectFindings();
      const judge = judgeEntries({ findings, whole: at % 2 === 0, verifyStatement: null, policies: null });
      const add = (index: number) => (one: EntryBody) =>
        judge.add(index, { body: one, policyJson: null, statement: null, written: null });
      sound.slice(0, 3).forEach(add(honest));
      [...story.slice(0, at), forged as EntryBody, ...story.slice(at + 1)].forEach(add(0));
      sound.slice(3).forEach(add(honest));
      expect(findings.kept.filter(({ index }) => index === honest)).toEqual([]);
      expect((await judge.end()).open).toContainEqual({ changeId: other.changeId, openAttempts: [1] });
      count += 1;
      if (findings.kept.some(({ kind }) => kind === 'malformed')) malformed += 1;
    }
  }
  expect(count).toBeGreaterThan(3000);
  expect(malformed).toBeGreaterThan(100);
});

/** The codes that entries of one change come to, and what is kept of it. */
function followed(first: readonly EntryBody[], others: Iterable<EntryBody>) {
  const codes = new Set<string>();
  let record: ChangeRecord | null = null;
  for (const body of first) ({ record } = follow(record, body, true, policyOf(body)));
  for (const body of others) {
    const next = follow(record, body, true);
    record = next.record;
    for (const { code } of next.problems) codes.add(code);
  }
  return { codes: [...codes], record };
}

test('attempts that are open at once are followed up to a limit', () => {
  const s = changeStory();
  const attempts = Array.from({ length: mostOpen + 5 }, (_, n) => s.started(n + 1));
  const first = [s.requested(), s.prechecked(), s.approved(), s.scheduled()];
  expect(followed(first, attempts.slice(0, mostOpen)).codes).toEqual([]);
  const { codes, record } = followed(first, attempts);
  expect(codes).toEqual(['attempt_out_of_order']);
  expect(record?.change.calls.open).toHaveLength(mostOpen);
});

test('people who decide are followed up to a limit, those before them anew', () => {
  const groups = [{ group: null, threshold: 1000 }];
  const stages = Array.from({ length: 10 }, (_, n) => ({ name: `${n}`, groups }));
  const s = changeStory({ policy: { ...fourEyes, stages, reject: { kind: 'count', count: 2 } } });
  const first = [s.requested(), s.prechecked()];
  const { record } = followed(first, []);
  if (record === null) throw new Error('nothing was asked for');
  // As if so many had decided in an earlier round, which is cheap to make.
  const [one] = followed(first, [s.approved()]).record?.change.decisions ?? [];
  if (one === undefined) throw new Error('nobody has decided');
  const decisions = Array.from({ length: mostDeciders }, (_, n) => ({
    ...one,
    counts: false,
    person: person(`p${n}`, 'approver'),
  }));
  const full = { ...record, change: { ...record.change, decisions } };
  const another = follow(full, s.approved(person('p5000', 'approver')), true);
  expect(another.problems.map(({ code }) => code)).toEqual(['decision_not_allowed']);
  expect(another.record?.change.decisions).toBe(decisions);
  expect(follow(full, s.approved(person('p4999', 'approver')), true).problems).toEqual([]);
});
