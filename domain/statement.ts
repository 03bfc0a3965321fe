import type { JsonObject } from './json.ts';
import type { DirectoryMembership, Person } from './person.ts';

/**
 * What the API attests after it has verified a person's token: that this person, at this time, said this about this
 * change, as it stood under this digest and round. The worker has no key to make one; it and the log's verifier only
 * check them.
 */
export interface Statement {
  readonly v: 1;
  readonly kind:
    | 'decision'
    | 'decision_withdrawal'
    | 'withdrawal'
    | 'execution'
    | 'review'
    | 'takeover'
    | 'revocation'
    | 'submission';
  readonly changeId: string;
  readonly person: Person;
  /**
   * `approve` or `reject`; `withdraw`, also of one's own decision; `pause`, `resume`, `retry` or `abandon`; `sign` a
   * review; `take_over` the target; `revoke` the policy; `submit` a change that no person approves beforehand.
   */
  readonly action:
    | 'approve'
    | 'reject'
    | 'withdraw'
    | 'pause'
    | 'resume'
    | 'retry'
    | 'abandon'
    | 'sign'
    | 'take_over'
    | 'revoke'
    | 'submit';
  readonly comment: string;
  /** The digest the person saw; null only where there is none yet. */
  readonly digest: string | null;
  readonly round: number;
  /** What the directory said of the person, and of those whom they represent; only in decisions on a policy that asks it. */
  readonly directory?: readonly DirectoryMembership[];
  /** ISO 8601, the API's clock. */
  readonly at: string;
}

/** A statement with its Ed25519 signature (RFC 8032) over the statement's canonical JSON (RFC 8785). */
export interface SignedStatement {
  readonly statement: Statement;
  /** Which key signed: the first 16 hex digits of SHA-256 over the raw public key. */
  readonly keyId: string;
  /** Base64, 64 bytes decoded. */
  readonly signature: string;
}

/** Whether something has the shape of a signed statement; whether it was signed is another question. */
export function isSignedStatement(value: unknown): value is SignedStatement {
  const { statement, keyId, signature } = membersOf(value);
  const { kind, changeId, person, action, comment, at } = membersOf(statement);
  const { issuer, subject } = membersOf(person);
  const texts = [keyId, signature, kind, changeId, action, comment, at, issuer, subject];
  return texts.every((text) => typeof text === 'string');
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The statement as plain JSON, for hashing and for an entry's body. */
export function statementJson(statement: Statement): JsonObject {
  return statement as unknown as JsonObject;
}
