import { canonicalJson } from './canonical-json.ts';
import type { HostRequest } from './change.ts';
import { sha256Hex } from './sha-256.ts';
import { uuidOfDigest } from './uuid-of-digest.ts';

/** All runs of one workflow that follow from each other by a retry, a reset or a continue-as-new. */
export interface HostChain {
  readonly namespace: string;
  readonly workflowId: string;
  /** The id of the first of them. */
  readonly firstRunId: string;
}

/** The key of a host's request over all hosts: the same in each run of the chain, and in no other workflow. */
export function hostKeyOf({ namespace, workflowId, firstRunId }: HostChain, key: string): string {
  return `host:${sha256Hex(canonicalJson([namespace, workflowId, firstRunId, key]))}`;
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
