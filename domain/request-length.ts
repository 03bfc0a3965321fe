import { maxEntryBytes } from './entry.ts';

/**
 * Most characters of a host's request as JSON. Its input has at most those of an entry, and everything else that it may say
 * is shorter than another entry. Temporal would refuse more than 2 MiB, and try the workflow's task for ever.
 */
export const mostRequestLength = 2 * maxEntryBytes;

/** Why a host's request is too long for any entry, or null. @param json - the request as canonical JSON */
export function requestLengthFault(json: string): string | null {
  return json.length <= mostRequestLength
    ? null
    : `the request has ${json.length} characters of JSON, expected at most ${mostRequestLength}: an input has at most ${maxEntryBytes}`;
}
