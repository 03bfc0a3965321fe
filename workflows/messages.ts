import { defineSearchAttributeKey } from '@temporalio/common';
import type { SearchAttributePair } from '@temporalio/common';
import { sha256Hex } from '../domain/sha-256.ts';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { UpdateDefinition } from '@temporalio/common';
import type { Change, SignedRequest } from '../domain/change.ts';
import { openedUpdateName } from '../domain/gate.ts';
import type { GateOpened } from '../domain/gate.ts';
import { hostEndedSignalName } from '../domain/host.ts';

/** The workflow type of a post-implementation review. */
export const reviewWorkflowType = 'review';

/**
 * The change of a gate, once it is open.
 * @throws ApplicationFailure as the gate does, where there is none
 */
export const openedUpdate = defineUpdate<GateOpened>(openedUpdateName);

/** The workflow type that waits for a change that an earlier run of its host has asked for. */
export const followWorkflowType = 'follow';

/** A later run of the host was cancelled, or has ended: the change is withdrawn. */
export const hostEndedSignal = defineSignal(hostEndedSignalName);

/**
 * Resolves once the change's first entry is durable. Sent by update-with-start.
 * @throws ApplicationFailure whose type is a code: `open_change_exists` (details: `{ changeId }`), `key_reused`, `invalid_request`
 */
export const submittedUpdate = defineUpdate<SubmittedResult>('submitted');

/** `known` when the same key and body made this change before. */
export interface SubmittedResult {
  readonly changeId: string;
  readonly known: boolean;
}

/**
 * What a person said of a change: a decision, a decision taken back, or a word that stops it or has it go on. It answers
 * when its entry is durable.
 * @throws ApplicationFailure, type a code of domain/error.ts
 */
export const requestUpdate: UpdateDefinition<void, [SignedRequest]> = defineUpdate('request');
/** A word to stop that the API has written down, where the run takes no more updates. */
export const stopSignal = defineSignal<[SignedRequest]>('stop');
/** The change as the workflow knows it now. */
export const stateQuery = defineQuery<Change>('state');

const operationAttribute = defineSearchAttributeKey('CountersignOperation', 'KEYWORD');
const targetAttribute = defineSearchAttributeKey('CountersignTarget', 'KEYWORD');
const decisionAttribute = defineSearchAttributeKey('CountersignDecision', 'KEYWORD');
const executionAttribute = defineSearchAttributeKey('CountersignExecution', 'KEYWORD');

/** A change's statuses as search attributes. */
export function statusAttributes({
  decisionStatus,
  executionStatus,
}: Pick<Change, 'decisionStatus' | 'executionStatus'>): SearchAttributePair[] {
  return [
    { key: decisionAttribute, value: decisionStatus },
    { key: executionAttribute, value: executionStatus },
  ];
}

/**
 * The search attributes that whoever starts a change starts it with. Temporal can encrypt none of them.
 * A target whose id is longer than a database of Temporal's takes is told as its SHA-256, too.
 *
 * @param hidesTarget - whether the target is told as the SHA-256 of its id, lower-case hex: where payloads are encrypted
 */
export function firstAttributes(
  { operation, target }: Pick<Change, 'operation' | 'target'>,
  hidesTarget: boolean,
): SearchAttributePair[] {
  return [
    { key: operationAttribute, value: operation },
    { key: targetAttribute, value: targetValue(target.id, hidesTarget) },
    ...statusAttributes({ decisionStatus: 'pending', executionStatus: 'not_started' }),
  ];
}

/** The longest text that Temporal's SQL visibility takes of a `Keyword`: a column of MySQL or Postgres. */
const longestKeyword = 255;

function targetValue(id: string, isHidden: boolean): string {
  return isHidden || id.length > longestKeyword ? sha256Hex(id) : id;
}
