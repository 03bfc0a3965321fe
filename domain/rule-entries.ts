import type { EntryBody, EventType } from './entry.ts';
import type { Freeze, FreezeOverride, Named } from './freeze.ts';
import type { JsonObject } from './json.ts';
import type { Scope } from './scope.ts';

/** What calls stand on beside their own change, each with the entries that make it. */
export const ruleTypes = {
  freeze: ['freeze.declared', 'freeze.lifted'],
  revocation: ['policy.revoked'],
  token: ['token.issued', 'token.revoked'],
} as const satisfies Record<string, readonly EventType[]>;
/** One of {@link ruleTypes}. */
export type RuleKind = keyof typeof ruleTypes;
/** Every one of {@link ruleTypes}. */
export const ruleKinds = Object.keys(ruleTypes) as readonly RuleKind[];

/** Which freeze (id), revoked policy (digest) or API token (id). */
export interface RuleRef {
  readonly rule: RuleKind;
  readonly id: string;
}

/** An API token as its entries tell of it. Times are ISO 8601. */
export interface LoggedToken {
  readonly id: string;
  /** SHA-256 of the hash that is kept of its secret, hex. */
  readonly fingerprint: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly issuedBy: Named;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly revokedBy: Named | null;
  readonly revokedAt: string | null;
}

/** A revoked policy version as its entry tells of it. */
export interface LoggedRevocation {
  readonly digest: string;
  readonly name: string;
  readonly version: string;
  readonly comment: string;
  readonly revokedBy: JsonObject;
  readonly revokedAt: string;
}

/** What each kind of rule is. */
export interface LoggedRules {
  readonly freeze: Freeze;
  readonly revocation: LoggedRevocation;
  readonly token: LoggedToken;
}

/** The rule that an entry tells of, by its id; undefined where the entry is none of {@link ruleTypes}, or was edited. */
export function ruleIdIn({ freeze, token, policy }: EntryBody): string | undefined {
  const { id } = (freeze ?? token ?? {}) as { id?: unknown };
  const { digest } = (policy ?? {}) as { digest?: unknown };
  const found = id ?? digest;
  return typeof found === 'string' ? found : undefined;
}

/** A freeze as it was declared, and lifted where that is told, too; null where nobody has declared it. */
export function freezeIn(bodies: readonly EntryBody[]): Freeze | null {
  const declared = bodies.find(({ type }) => type === 'freeze.declared');
  if (declared === undefined) return null;
  const lifted = bodies.find(({ type }) => type === 'freeze.lifted');
  const told = declared['freeze'] as unknown as Pick<
    Freeze,
    'id' | 'operation' | 'scope' | 'startsAt' | 'endsAt' | 'reason'
  >;
  const { id, operation, scope, startsAt, endsAt, reason } = told;
  return {
    ...{ id, operation, scope, startsAt, endsAt, reason },
    declaredBy: namedIn(declared),
    declaredAt: declared.time,
    liftedBy: lifted ? namedIn(lifted) : null,
    liftedAt: lifted?.time ?? null,
  };
}

/** An API token as it was issued, and revoked where that is told, too; null where nobody has issued it. */
export function tokenIn(bodies: readonly EntryBody[]): LoggedToken | null {
  const issued = bodies.find(({ type }) => type === 'token.issued');
  if (issued === undefined) return null;
  const revoked = bodies.find(({ type }) => type === 'token.revoked');
  const { id, fingerprint, name, scopes, expiresAt } = issued['token'] as unknown as LoggedToken;
  return {
    ...{ id, fingerprint, name, scopes, expiresAt },
    issuedBy: namedIn(issued),
    issuedAt: issued.time,
    revokedBy: revoked ? namedIn(revoked) : null,
    revokedAt: revoked?.time ?? null,
  };
}

/** The revocation of a policy's version; null where nobody has revoked it. */
export function revocationIn(bodies: readonly EntryBody[]): LoggedRevocation | null {
  const revoked = bodies.find(({ type }) => type === 'policy.revoked');
  if (revoked === undefined) return null;
  const { digest, name, version } = revoked['policy'] as unknown as LoggedRevocation;
  const { comment, actor, time } = revoked as EntryBody & { comment: string };
  return { digest, name, version, comment, revokedBy: actor, revokedAt: time };
}

/** The override that an entry `freeze.overridden` tells of. */
export function overrideIn(body: EntryBody): FreezeOverride {
  const { id } = body['freeze'] as unknown as Freeze;
  const { changeId, digest, time } = body as EntryBody & { changeId: string; digest: string };
  return { freezeId: id, changeId, digest, by: namedIn(body), at: time };
}

function namedIn({ actor }: EntryBody): Named {
  const { issuer, subject, name } = actor as unknown as Named;
  return { issuer, subject, name };
}
