import type { EntryBody } from '../domain/entry.ts';

/** The type of what is no entry any more. */
export const unreadableType = 'unreadable';

/**
 * What an entry's bytes say, for people to look at. Bytes that are no entry any more, since somebody has edited them, are
 * shown as just that: they must not hide the others. Whether they are what was hashed, verifiers say.
 */
export function bodyOf(bytes: Buffer): EntryBody {
  try {
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (isEntry(body)) return body;
  } catch {
    // The answer below says so.
  }
  return {
    v: 1,
    type: unreadableType,
    time: '1970-01-01T00:00:00.000Z',
    changeId: null,
    actor: {},
    operation: null,
    target: null,
    bytes: bytes.toString('base64'),
  } as unknown as EntryBody;
}

/** Whether a value has what is asked of every entry without looking. */
export function isEntry(body: unknown): body is EntryBody {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return false;
  const { type, time, actor } = body as Record<string, unknown>;
  const named = typeof type === 'string' && typeof time === 'string';
  return named && actor !== null && typeof actor === 'object' && !Array.isArray(actor);
}
