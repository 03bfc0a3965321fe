import type { Change } from '../../domain/change.ts';
import { personActor, workerActor } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { eventIn } from '../../domain/event-in.ts';
import { fold } from '../../domain/fold.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { DeliveredEntry, Delivery } from '../../tickets/sink.ts';
import { change as changeFixture, person } from '../store/change-fixture.ts';

/** What happens to the change of a test, by name. */
export type Step =
  | 'requested'
  | 'prechecked'
  | 'reminded'
  | 'escalated'
  | 'approved'
  | 'scheduled'
  | 'lapsed'
  | 'drifted'
  | 'prechecked again'
  | 'closed'
  | 'rejected'
  | 'closed as rejected';

const at = (minute: number) =>
  new Date(Date.parse('2026-11-24T09:00:00.000Z') + minute * 60_000).toISOString();

/** The change of a test with its entries, as the log would have them. */
export class ToldChange {
  readonly id: string;
  readonly digest: string;
  readonly asked: Change;
  readonly history: DeliveredEntry[] = [];

  constructor(more: Partial<Change> = {}) {
    this.asked = changeFixture(more);
    this.id = this.asked.id;
    this.digest = this.asked.digest ?? '';
  }

  /** The new entries of these steps. */
  tell(...steps: readonly Step[]): DeliveredEntry[] {
    const told = steps.map((step, i): DeliveredEntry => {
      const index = 10 * (this.history.length + i);
      const body = this.#bodyOf(step, at(this.history.length + i));
      return { index, key: `test/change-${this.id}/${body.type}/${index}`, body };
    });
    this.history.push(...told);
    return told;
  }

  now(): Change {
    const { policy } = this.asked;
    const events = this.history.flatMap(({ body }) => eventIn(body, () => policy) ?? []);
    const folded = fold(events);
    if (folded === null) throw new Error('nothing was told yet');
    return folded.change;
  }

  #bodyOf(step: Step, time: string): EntryBody {
    const { asked } = this;
    const worker = { v: 1, time, actor: workerActor, changeId: this.id, operation: asked.operation } as const;
    const common = { ...worker, target: asked.target.id };
    const said = (decision: 'approve' | 'reject') => ({
      round: asked.round,
      input: asked.input,
      snapshot: asked.snapshot,
      statement: {
        person: { ...personActor(person('bob')) },
        digest: this.digest,
        comment: `bob's <b>word</b>`,
        decision,
      },
    });
    switch (step) {
      case 'requested': {
        const { target, operationVersion, inputSchemaDigest, input, justification, ticket, breakGlass } =
          asked;
        const { policy, submittedAt, decideBy, executeAfter, executeBy } = asked;
        return {
          ...common,
          type: 'change.requested',
          actor: personActor(asked.requester),
          scope: { ...target.scope },
          label: target.label,
          operationVersion,
          inputSchemaDigest,
          input,
          justification,
          ticket: ticket && { ...ticket },
          breakGlass,
          pinnedPolicy: policy as unknown as JsonObject,
          submittedAt,
          decideBy,
          executeAfter,
          executeBy,
          executeWithinMs: policy.executeWithinMs,
          idempotency: null,
        };
      }
      case 'prechecked':
      case 'prechecked again': {
        const round = step === 'prechecked' ? 1 : 2;
        const digest = step === 'prechecked' ? this.digest : 'b'.repeat(64);
        const snapshot = { caName: 'factory', status: '1' };
        return {
          ...common,
          type: 'change.prechecked',
          snapshot,
          digest,
          round,
          readRequestId: null,
          warning: null,
        };
      }
      case 'reminded': {
        const missing = [{ stage: 'one', group: null, seats: 1 }];
        return { ...common, type: 'change.reminded', missing };
      }
      case 'escalated':
        return { ...common, type: 'change.escalated', group: 'duty', escalatedAt: time };
      case 'approved':
        return { ...common, type: 'decision.approved', ...said('approve') };
      case 'rejected':
        return { ...common, type: 'decision.rejected', ...said('reject') };
      case 'scheduled': {
        const rest = { breakGlass: asked.breakGlass, standard: false, skipped: [] };
        return { ...common, type: 'change.scheduled', executeAfter: null, executeBy: at(1440), ...rest };
      }
      case 'lapsed': {
        const { issuer, subject } = person('bob');
        const lapsed = [{ issuer, subject }];
        return { ...common, type: 'decision.lapsed', lapsed, narrowed: [], missing: [] };
      }
      case 'drifted':
        return { ...common, type: 'change.drifted', message: 'another status', called: false };
      case 'closed':
      case 'closed as rejected': {
        const isDone = step === 'closed';
        const outcome = {
          code: isDone ? 'succeeded' : 'rejected',
          message: isDone ? 'the certificate is active' : 'rejected by bob',
          requestId: isDone ? '1A2B-3C' : null,
          reconciled: false,
          at: time,
        };
        const decisionStatus = isDone ? 'approved' : 'rejected';
        const executionStatus = isDone ? 'succeeded' : 'not_started';
        return { ...common, type: 'change.closed', decisionStatus, executionStatus, outcome };
      }
    }
  }
}

/** A delivery as the outbox makes it, whose memory outlives it. */
export class Deliveries {
  memory: JsonObject | null = null;
  readonly subscription: string;
  readonly #change: ToldChange;
  constructor(change: ToldChange, subscription = 'team') {
    this.#change = change;
    this.subscription = subscription;
  }

  of(entries: readonly DeliveredEntry[]): Delivery {
    return {
      subscription: this.subscription,
      change: this.#change.now(),
      entries,
      history: [...this.#change.history],
      memory: this.memory,
      remember: (memory) => {
        this.memory = memory;
        return Promise.resolve();
      },
      signal: new AbortController().signal,
    };
  }
}
