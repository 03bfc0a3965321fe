import type { WorkerInterceptors } from '@temporalio/worker';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import type { PreparedCall } from '../../operations/implement.ts';
import type { Implementations } from '../../operations/implementations.ts';
import { operations } from './operations.ts';

/** Moments of a worker between two effects; what has to hold when it dies there is in docs/operations.md. */
export const faultPoints = [
  'change.opened',
  'target.read',
  'prechecked',
  'before.record',
  'recorded',
  'attempt.started',
  'sealed',
  'marked',
  'call.sent',
  'call.answered',
  'call.recorded',
  'before.close',
  'closed',
] as const;

export type FaultPoint = (typeof faultPoints)[number];
/** Called when a worker comes to a point, which goes on once it resolves. */
export type AtPoint = (point: FaultPoint) => Promise<void> | void;

const around: Partial<Record<string, { readonly before?: FaultPoint; readonly after?: FaultPoint }>> = {
  openChange: { after: 'change.opened' },
  openHosted: { after: 'change.opened' },
  precheck: { after: 'prechecked' },
  record: { before: 'before.record', after: 'recorded' },
  applyInStore: { before: 'before.record', after: 'recorded' },
  closeChange: { before: 'before.close', after: 'closed' },
  ...Object.fromEntries(operations.list.map(({ name }) => [name, { after: 'call.recorded' }])),
};

/** The points before and after a whole activity: what it did is committed, and Temporal does not know yet. */
export function interceptorsAt(at: AtPoint): WorkerInterceptors {
  return {
    activity: [
      ({ info }) => ({
        inbound: {
          async execute(input, next) {
            const { before, after } = around[info.activityType] ?? {};
            if (before !== undefined) await at(before);
            const result: unknown = await next(input);
            if (after !== undefined) await at(after);
            return result;
          },
        },
      }),
    ],
  };
}

/** The points within an activity, by wrapping what it works with. */
export function withFaultPoints(deps: ActivityDependencies, at: AtPoint): ActivityDependencies {
  const { sealing, implementations } = deps;
  return {
    ...deps,
    sealing: {
      ...sealing,
      async untilSealed(entry) {
        await at('attempt.started');
        await sealing.untilSealed(entry);
        await at('sealed');
      },
    },
    implementations: sendingAt(implementations, at),
  };
}

function sendingAt(implementations: Implementations, at: AtPoint): Implementations {
  const sendAt =
    (send: PreparedCall): PreparedCall =>
    async () => {
      await at('marked');
      const answering = send();
      await at('call.sent');
      const answer = await answering;
      await at('call.answered');
      return answer;
    };
  return {
    get(name) {
      const found = implementations.get(name);
      if (found === undefined) return undefined;
      return {
        ...found,
        async read(input, context) {
          const answer = await found.read(input, context);
          await at('target.read');
          return answer;
        },
        async prepare(input, context) {
          const prepared = await found.prepare(input, context);
          return typeof prepared === 'function' ? sendAt(prepared) : prepared;
        },
      };
    },
  };
}
