import { personActor, workerActor } from '../domain/entry.ts';
import type { ChangeEvent } from '../domain/change-event.ts';
import { decide } from '../domain/decide.ts';
import type { Command } from '../domain/decide.ts';
import { endOfSuccess } from '../domain/end.ts';
import { evolve, newChange } from '../domain/evolve.ts';
import { fourEyes } from '../domain/four-eyes.ts';
import type { Person } from '../domain/person.ts';
import { rounded } from './measure.ts';

const began = Date.parse('2026-11-24T09:00:00.000Z');
const digest = 'a'.repeat(64);

/** A change by evolve, event by event, beside the parsing of the same events from JSON: µs each, the best round. */
export function benchEvolve({ rounds, events: count }: { readonly rounds: number; readonly events: number }) {
  const { first, events } = life();
  const texts = events.map((event) => JSON.stringify(event));
  const repeats = Math.ceil(count / events.length);
  const best = { evolve: Infinity, parse: Infinity };
  for (let round = 0; round < rounds; round += 1) {
    best.evolve = Math.min(
      best.evolve,
      timed(repeats, () => events.reduce(evolve, first)),
    );
    best.parse = Math.min(
      best.parse,
      timed(repeats, () => texts.map((text) => JSON.parse(text) as unknown)),
    );
  }
  const micros = (ms: number) => rounded((ms * 1000) / (repeats * events.length));
  return {
    events: repeats * events.length,
    microsecondsAnEvent: { evolve: micros(best.evolve), parse: micros(best.parse) },
    ratio: rounded(best.evolve / best.parse),
  };
}

function timed(repeats: number, work: () => unknown): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i += 1) work();
  return performance.now() - start;
}

/** A change that is approved, fails twice and succeeds: its events after the first. */
function life() {
  const requester = person('alice');
  const first = newChange({
    ...{
      id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
      operation: 'ActiveCaCertificate',
      operationVersion: '1',
    },
    ...{ inputSchemaDigest: digest, input: { sn: '1' }, target: { id: 't', scope: { sn: '1' }, label: 't' } },
    ...{ requester, justification: 'because', ticket: null, breakGlass: false, policy: fourEyes },
    submittedAt: new Date(began).toISOString(),
    decideBy: new Date(began + 86_400_000).toISOString(),
    ...{ executeAfter: null, executeBy: null, executeWithinMs: 3_600_000 },
  });
  const events: ChangeEvent[] = [];
  let change = first;
  const add = (...more: readonly ChangeEvent[]) => {
    events.push(...more);
    change = more.reduce(evolve, change);
  };
  const command = (given: Command) => {
    const verdict = decide(change, given, { now: began + events.length });
    if ('refusal' in verdict) throw verdict.refusal;
    add(...verdict.events);
  };
  command({ kind: 'show', snapshot: { status: 'inactive' }, digest, readRequestId: 'r', warning: null });
  const bob = person('bob');
  const at = new Date(began + 1000).toISOString();
  add({
    ...{ type: 'decision.approved', time: at, actor: personActor(bob), round: 1, source: null },
    ...{ input: change.input, snapshot: change.snapshot, signature: { keyId: '', value: '' } },
    statement: {
      ...{ v: 1, kind: 'decision', action: 'approve', changeId: change.id, person: bob, comment: 'seen' },
      ...{ digest, round: 1, at },
    },
  });
  command({ kind: 'approve_by_rule' });
  for (const outcome of ['failed', 'failed', 'succeeded'] as const) {
    const ordinal = change.calls.started + 1;
    add({ type: 'attempt.started', time: at, actor: workerActor, attempt: { ordinal } });
    const said = { class: null, httpStatus: 200, code: 'OK', message: null, requestId: 'r', sentAt: at };
    command({ kind: 'answer', outcome, attempt: { ordinal, ...said } });
  }
  command({ kind: 'close', end: endOfSuccess('r', false) });
  return { first, events };
}

function person(subject: string): Person {
  return {
    ...{ issuer: 'https://id.example', subject, name: subject, roles: ['approver'], groups: [] },
    authentication: { methods: [], at: null },
  };
}
