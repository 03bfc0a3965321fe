import { ApplicationFailure } from '@temporalio/common';
import type { Change } from '../domain/change.ts';
import type { Implementation } from '../operations/implement.ts';
import { outOfStep } from '../operations/in-step.ts';
import { faultOf } from '../operations/inputs.ts';
import type { ActivityDependencies } from './dependencies.ts';

type Dependencies = Pick<ActivityDependencies, 'operations' | 'implementations' | 'alarm'>;

/**
 * What carries out a change's operation, of just the definition that the change has pinned.
 *
 * @throws ApplicationFailure `operation_out_of_step`, to be retried: a worker of the change's own release may take it up
 */
export function implementationFor(deps: Dependencies, change: Change): Implementation {
  const message = outOfStep(deps.operations, change);
  const implementation = deps.implementations.get(change.operation);
  if (message === null && implementation !== undefined) return implementation;
  const why = message ?? `this worker has nothing that carries out ${change.operation}`;
  deps.alarm?.('operation_out_of_step', why, { changeId: change.id });
  throw ApplicationFailure.retryable(why, 'operation_out_of_step');
}

/**
 * The target is that of the input, by whichever way the change came: policies and freezes match the one, the other is called.
 *
 * @throws ApplicationFailure `invalid_request`, for good
 */
export function assertTarget({ operations }: Pick<Dependencies, 'operations'>, change: Change): void {
  const fault = faultOf(operations, change);
  if (fault !== null) throw ApplicationFailure.nonRetryable(fault, 'invalid_request');
}
