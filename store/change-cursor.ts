import { CountersignError } from '../domain/error.ts';

/** Where a page of changes ended: its last change's place in the order. */
export interface ChangePlace {
  /** ISO 8601 with milliseconds. */
  readonly submittedAt: string;
  readonly id: string;
}

/** The place as an opaque text for a URL. */
export function encodeCursor(place: ChangePlace): string {
  return Buffer.from(`${place.submittedAt} ${place.id}`).toString('base64url');
}

/**
 * The place that {@link encodeCursor} made the text of.
 *
 * @throws CountersignError `invalid_request`, field `cursor`, for any other text
 */
export function decodeCursor(cursor: string): ChangePlace {
  const text = Buffer.from(cursor, 'base64url').toString();
  const match =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text);
  const [, submittedAt, id] = match ?? [];
  if (submittedAt === undefined || id === undefined || Number.isNaN(Date.parse(submittedAt))) {
    throw new CountersignError('invalid_request', 'cursor: expected the nextCursor of an earlier page', {
      errors: [{ field: 'cursor', rule: 'cursor', message: 'expected the nextCursor of an earlier page' }],
    });
  }
  return { submittedAt, id };
}
