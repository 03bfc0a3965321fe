import { randomUUID } from 'node:crypto';
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';
import { changeWorkflowType, reviewWorkflowIdOf, workflowIdOf } from '../domain/change.ts';
import type { Change, ChangeRequest, SignedRequest } from '../domain/change.ts';
import { CountersignError, isErrorCode } from '../domain/error.ts';
import { grpcStatusOf } from '../domain/grpc-status.ts';
import { defaultInstallation, taskQueuesOf } from '../domain/installation.ts';
import { ofGrpcStatus } from './grpc-status.ts';
import {
  firstAttributes,
  requestUpdate,
  reviewWorkflowType,
  stopSignal,
  submittedUpdate,
} from '../workflows/messages.ts';

/** The API's calls to Temporal. */
export interface Engine {
  /** Starts the change and returns once its first entry is durable. @throws CountersignError */
  submit(request: ChangeRequest): Promise<void>;
  /**
   * Sends what a person said of a change. A word to stop goes as a signal where the run takes no more updates.
   *
   * @param withinMs - longest wait for the workflow's answer; default: the engine's own
   * @throws CountersignError; `change_closed` when no workflow runs any more
   */
  send(request: SignedRequest, withinMs?: number): Promise<void>;
  /** Whether Temporal answers. */
  reachable(): Promise<boolean>;
}

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /** Whether search attributes are not to show what changes act on, since payloads are encrypted; default false. */
  readonly hidesTargets?: boolean;
  /** Whose workers do what is asked; default `countersign`. */
  readonly installation?: string;
}

/**
 * The engine over a Temporal client.
 *
 * @param deadlineMs - longest wait for an answer; default 10,000
 */
export function createEngine(
  client: Client,
  deadlineMs = 10_000,
  { hidesTargets = false, installation = defaultInstallation }: EngineOptions = {},
): Engine {
  const { changes: taskQueue } = taskQueuesOf(installation);
  const within = <T>(work: () => Promise<T>, ms = deadlineMs) => client.withDeadline(Date.now() + ms, work);

  /** A review is a workflow of its own; a second one beside it waits for the first. */
  async function review(request: SignedRequest): Promise<void> {
    try {
      await within(() =>
        client.workflow.execute<(request: SignedRequest) => Promise<void>>(reviewWorkflowType, {
          workflowId: reviewWorkflowIdOf(request.signed.statement.changeId),
          taskQueue,
          args: [request],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        }),
      );
    } catch (error) {
      // The review was signed before: Postgres says by whom.
      if (error instanceof WorkflowExecutionAlreadyStartedError) return;
      throw translated(error, 'outcome_not_known');
    }
  }

  return {
    async submit(request) {
      const startWorkflowOperation = new WithStartWorkflowOperation<
        (request: ChangeRequest) => Promise<Change>
      >(changeWorkflowType, {
        workflowId: workflowIdOf(request.id),
        taskQueue,
        args: [request],
        // Racing requests with one key meet in one workflow; one that ended well is never run again.
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        typedSearchAttributes: firstAttributes(request, hidesTargets),
      });
      try {
        await within(() =>
          client.workflow.executeUpdateWithStart(submittedUpdate, {
            // Under one id Temporal would answer a repeat with the failure of a run that has ended.
            updateId: randomUUID(),
            startWorkflowOperation,
          }),
        );
      } catch (error) {
        // The workflow ran before and has ended well: the caller reads the change in Postgres.
        if (error instanceof WorkflowExecutionAlreadyStartedError) return;
        throw translated(error, 'engine_unavailable');
      }
    },

    async send(request, withinMs) {
      const { statement, signature } = request.signed;
      const { kind } = statement;
      if (kind === 'submission') throw new CountersignError('internal_error', 'a submission starts a change');
      if (kind === 'review') {
        await review(request);
        return;
      }
      const handle = client.workflow.getHandle(workflowIdOf(statement.changeId));
      try {
        await within(
          () =>
            handle.executeUpdate(requestUpdate, {
              args: [request],
              // The same statement sent again is the same update.
              updateId: `${kind}-${signature.slice(0, 40)}`,
            }),
          withinMs,
        );
      } catch (error) {
        const failure = translated(error, 'outcome_not_known');
        if (!goesAsSignal(request, failure)) throw failure;
        // A signal is kept by the server whether a worker runs or not; a word that comes twice is heard once.
        await within(() => handle.signal(stopSignal, request), withinMs).catch((cause: unknown) => {
          throw translated(cause, 'outcome_not_known');
        });
      }
    },

    async reachable() {
      try {
        await client.withDeadline(Date.now() + 2000, () =>
          client.workflowService.describeNamespace({ namespace: client.options.namespace }),
        );
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** An error of Temporal's client as one of ours. A lost answer does not mean a refusal: `lost` says what it means here. */
function translated(error: unknown, lost: 'engine_unavailable' | 'outcome_not_known'): CountersignError {
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    const cause = rootCause(error);
    if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
      const detail = cause.details?.[0] as { changeId?: string } | undefined;
      return new CountersignError(cause.type, cause.message, {
        ...(detail?.changeId === undefined ? {} : { extra: { changeId: detail.changeId } }),
      });
    }
    // The workflow ended before the update did.
    return new CountersignError('change_closed', 'the change ended meanwhile', { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CountersignError('change_closed', 'the change is no longer running', { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    const message =
      lost === 'engine_unavailable'
        ? 'no worker has taken the change up in time; send the same Idempotency-Key again'
        : 'no answer in time; it may still take effect, so look at the change again';
    return new CountersignError(lost, message, { cause: error });
  }
  if (isUnreadable(error)) {
    const message = 'Temporal’s answer cannot be read by this process; look at the change';
    return new CountersignError('payload_unreadable', message, { cause: error });
  }
  // The client's own error has no status any more.
  const status = error instanceof NamespaceNotFoundError ? 'NOT_FOUND' : grpcStatusOf(error);
  if (status !== null) return ofGrpcStatus(status, error as Error, lost);
  return new CountersignError('internal_error', 'unexpected answer of Temporal', { cause: error });
}

/** Whether the word, which Postgres has already, is sent as a signal because Temporal itself, not the workflow, refused the update. */
function goesAsSignal({ signed, ordinal }: SignedRequest, { code }: CountersignError): boolean {
  // A revocation is said again until the change has ended, each time anew: signals of it must not pile up where nobody takes them.
  if (ordinal === undefined) return signed.statement.kind === 'revocation' && code === 'change_exhausted';
  // Under its id Temporal would answer with the first refusal for ever, also once the workers have the key.
  const refused = code === 'bad_signature' || code === 'change_exhausted';
  return refused || code.startsWith('engine_') || code === 'outcome_not_known';
}

/** The codec's refusal, which the client's library may have wrapped. */
function isUnreadable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof CountersignError && at.code === 'payload_unreadable') return true;
  }
  return false;
}

function rootCause(error: Error): unknown {
  let cause: unknown = error.cause;
  while (cause instanceof Error && cause.cause instanceof Error && !(cause instanceof ApplicationFailure)) {
    cause = cause.cause;
  }
  return cause;
}
