const mark = 'countersign';
const marked = 'plain';

/** What marks a payload as a word between a host and a change: a member of its metadata that no codec touches. */
export const markedPlain: Readonly<Record<string, Uint8Array>> = {
  [mark]: Uint8Array.from(marked, (letter) => letter.charCodeAt(0)),
};

/**
 * The same mark as a member of the value: what a host's own worker encodes has no metadata of ours. A payload made by
 * hand would carry it, but its class is only known to one copy of Temporal's packages, and a host may have several.
 */
export const plainMember = { [mark]: marked } as const;

/** Whether a payload has the mark, in its metadata or in its value. */
export function isMarkedPlain({
  metadata,
  data,
}: {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}): boolean {
  const found = metadata?.[mark];
  if (found !== undefined) return textOf(found) === marked;
  if (textOf(metadata?.['encoding']) !== 'json/plain') return false;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data ?? new Uint8Array()));
    return (value as Record<string, unknown> | null)?.[mark] === marked;
  } catch {
    return false;
  }
}

/**
 * Whether a payload can only be the news that a change is open: it is in no change's name, so nothing else may go past a
 * host's codec there. Whoever may signal the host could make one, and it says no more than where to look.
 */
export function isOpenedNews(payload: Parameters<typeof isMarkedPlain>[0]): boolean {
  if (!isMarkedPlain(payload)) return false;
  try {
    const value = JSON.parse(new TextDecoder().decode(payload.data ?? new Uint8Array())) as object | null;
    const { url } = (value ?? {}) as { url?: unknown };
    const names = Object.keys(value ?? {}).sort();
    return names.join() === `${mark},url` && (url === null || typeof url === 'string');
  } catch {
    return false;
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return String.fromCharCode(...(bytes ?? []));
}
