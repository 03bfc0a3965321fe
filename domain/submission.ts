import { canonicalJson, canonicalMembers } from './canonical-json.ts';

/**
 * What the API's signature on a submission commits to, beside the change's id and its requester: the canonical JSON (RFC
 * 8785) of everything that was asked for, and when. Its SHA-256, in lower-case hex, is the statement's digest. Where no
 * person approves, this is all that stands between a started workflow and a call.
 *
 * @param asked - what `askedMembers` (./asked.ts) makes of the request
 * @param submittedAt - ISO 8601
 */
export function submissionText(asked: Readonly<Record<string, string>>, submittedAt: string): string {
  return canonicalMembers({ ...asked, submittedAt: canonicalJson(submittedAt) });
}
