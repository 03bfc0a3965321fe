import type { EntryBody } from '../../domain/entry.ts';
import { isBundledRequest } from '../../operations/bundled-targets.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import { isUuid, RememberedIds } from '../verify/remembered-ids.ts';
import type { Exception } from './exception.ts';

/**
 * Answers to two changes of one operation with the same RequestId. What a service promises of its RequestIds is known of bundled
 * operations alone, where the verifier takes it for a finding. An empty one is none.
 */
export function followRequestIds() {
  /** Open changes of bundled operations. */
  const bundled = new Set<string>();
  const requestIds = new RememberedIds();

  function answered(index: number, changeId: string, { time, operation, attempt }: EntryBody): Exception[] {
    const requestId = stringOf(objectOf(attempt).requestId);
    if (requestId === null || requestId === '' || bundled.has(changeId)) return [];
    const id = JSON.stringify([operation, requestId]);
    if (!requestIds.isOfAnother(id, changeId)) return [];
    const message = `RequestId ${requestId} of ${operation ?? ''} stands in an answer to change ${requestIds.ownerOf(id) ?? ''}, too`;
    return [{ kind: 'request_id_repeated', time, changeId, index, message }];
  }

  return {
    /** The exceptions that an entry completes. */
    add(index: number, body: EntryBody): Exception[] {
      const { type, changeId } = body;
      if (changeId === null || !isUuid(changeId)) return [];
      switch (type) {
        case 'change.requested':
          if (isBundledRequest(body)) bundled.add(changeId);
          return [];
        case 'change.closed':
          bundled.delete(changeId);
          return [];
        case 'attempt.succeeded':
        case 'attempt.failed':
        case 'attempt.unknown':
          return answered(index, changeId, body);
        default:
          return [];
      }
    },
  };
}
