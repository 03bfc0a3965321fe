const mark = 'countersign';
const marked = 'plain';

/** What marks a payload as a word between a host and a change: a member of its metadata that no codec touches. */
export const markedPlain: Readonly<Record<string, Uint8Array>> = {
  [mark]: Uint8Array.from(marked, (letter) => letter.charCodeAt(0)),
};

/** Whether a payload has the mark. */
export function isMarkedPlain(metadata: Readonly<Record<string, Uint8Array>> | null | undefined): boolean {
  const found = metadata?.[mark];
  return found !== undefined && String.fromCharCode(...found) === marked;
}
