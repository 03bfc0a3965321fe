import { canonicalJson } from './canonical-json.ts';
import type { HostRequest } from './change.ts';
import { scopeOfKeys } from './installation.ts';
import { sha256Hex } from './sha-256.ts';
import { uuidOfDigest } from './uuid-of-digest.ts';

/**
 * The key of a host's request over all hosts: the same in each run that follows from the first by a retry, a reset or a
 * continue-as-new, and in no other workflow of any namespace, since a run's id is Temporal's own and unique. Nothing else is
 * in it but the installation that is asked, where it has a name of its own: a replay knows neither the workflow's id nor its namespace.
 *
 * @param firstRunId - the id of the first run of the host's chain
 * @param installation - the one that is asked
 */
export function hostKeyOf(firstRunId: string, key: string, installation: string): string {
  return `host:${sha256Hex(canonicalJson([firstRunId, key, ...scopeOfKeys(installation)]))}`;
}

/** The id of the change that a host's key is for. @param hostKey - what {@link hostKeyOf} answers */
export function changeIdOfHostKey(hostKey: string): string {
  return uuidOfDigest(sha256Hex(hostKey));
}

/** What has to be the same wherever a key is used again. */
export type KeyedRequest = Pick<
  HostRequest,
  'operation' | 'operationVersion' | 'input' | 'justification' | 'ticket'
> & { readonly requester: HostRequest['requester'] };

/**
 * The digest of what a host asks for. The clocks are not in it: a host that asks again has less time left.
 *
 * @throws CountersignError `invalid_request` where it is no JSON
 */
export function hostRequestDigest(request: KeyedRequest): string {
  const { operation, operationVersion, input, justification, ticket, requester } = request;
  const { issuer, subject } = requester;
  return sha256Hex(
    canonicalJson({
      operation,
      operationVersion,
      input,
      justification,
      ticket: ticket && { system: ticket.system, id: ticket.id, url: ticket.url ?? null },
      requester: { issuer, subject },
    }),
  );
}
