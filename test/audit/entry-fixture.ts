import { randomUUID } from 'node:crypto';
import type { EntryDraft, EventType } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';

/** An entry of a change of its own, unless `more` says which. */
export function draft(
  type: EventType = 'change.requested',
  more: { [member: string]: Json } = {},
): EntryDraft {
  const changeId = randomUUID();
  return {
    key: `default/change-${changeId}/${type}/1`,
    body: {
      v: 1,
      type,
      time: '2026-11-24T09:00:00.000Z',
      changeId,
      actor: { process: 'test' },
      operation: null,
      target: null,
      ...more,
    },
  };
}
