import type { Incoming } from '../incoming.ts';

/** A body that is one JSON object; null: it is none. */
export function jsonBody({ body }: Incoming): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null;
    return parsed as Record<string, unknown>;
  } catch {
    return null;
  }
}
