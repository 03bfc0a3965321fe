import type { JsonObject } from './json.ts';
import type { DirectoryMembership, Person } from './person.ts';

/** The kinds of statements, and what a person may do by each. No other pair is a statement. */
export const actionsOfKind = {
  decision: ['approve', 'reject'],
  /** Of one's own decision. */
  decision_withdrawal: ['withdraw'],
  withdrawal: ['withdraw'],
  execution: ['pause', 'resume', 'retry', 'abandon'],
  /** The post-implementation review. */
  review: ['sign'],
  /** Of the target, by a break-glass change. */
  takeover: ['take_over'],
  /** Of the policy. */
  revocation: ['revoke'],
  /** Of a change. */
  submission: ['submit'],
} as const;

/** A kind of statement. */
export type StatementKind = keyof typeof actionsOfKind;

/** What somebody does by a statement: its kind decides which actions there are. */
export type Act = {
  readonly [K in StatementKind]: { readonly kind: K; readonly action: (typeof actionsOfKind)[K][number] };
}[StatementKind];

/** What every statement has beside its act. */
export interface StatementMembers {
  readonly v: 1;
  readonly changeId: string;
  readonly person: Person;
  readonly comment: string;
  /** The digest that the person decides on; null for a word that holds whatever the round, such as a word to stop. */
  readonly digest: string | null;
  readonly round: number;
  /** What the directory said of the person, and of those whom they represent; only in decisions on a policy that asks it. */
  readonly directory?: readonly DirectoryMembership[];
  /** ISO 8601, the API's clock. */
  readonly at: string;
}

/**
 * What the API attests after it has verified a person's token: that this person, at this time, said this about this
 * change, as it stood under this digest and round. The worker has no key to make one; it and the log's verifier only
 * check them.
 */
export type Statement = Act & StatementMembers;

/** What a person says: the rest of the statement is the change's and the clock's. */
export type Said = Act &
  Pick<StatementMembers, 'comment'> &
  Partial<Pick<StatementMembers, 'digest' | 'directory'>>;

/** What a person says in statements of one kind. */
export type SaidOf<K extends StatementKind> = Extract<Said, { readonly kind: K }>;

/** The statement of what somebody says of a change now. @param at - ISO 8601, the API's clock */
export function newStatement(
  { digest = null, ...said }: Said,
  change: { readonly id: string; readonly round: number },
  person: Person,
  at: string,
): Statement {
  return { ...said, v: 1, changeId: change.id, person, digest, round: change.round, at };
}

/** Whether a kind and an action are a pair that a statement may have. */
export function isAct({ kind, action }: { readonly kind: string; readonly action: string }): boolean {
  if (!Object.hasOwn(actionsOfKind, kind)) return false;
  return actionsOfKind[kind as StatementKind].some((one) => one === action);
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
