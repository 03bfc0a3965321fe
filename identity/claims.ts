import type { JWTPayload } from 'jose';
import { canonicalJson } from '../domain/canonical-json.ts';
import { channelIn } from '../domain/channel.ts';
import { CountersignError } from '../domain/error.ts';
import { mostPersonBytes, roles } from '../domain/person.ts';
import type { Person, Role } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';

/** Which claims make a person. A name is that of a claim, or a dotted path into nested ones: `realm_access.roles`. */
export interface ClaimMapping {
  /** Default `roles`. */
  readonly rolesClaim?: string;
  /** Default `groups`. */
  readonly groupsClaim?: string;
  /**
   * What each value of the roles' claim gives; a value that is not in it gives nothing. Default: our roles under their
   * own names.
   */
  readonly roleMap?: ReadonlyMap<string, readonly Role[]>;
  /**
   * What each value of the groups' claim gives; a value that is not in it gives nothing. Default: each value is a group's
   * name.
   */
  readonly groupMap?: ReadonlyMap<string, readonly string[]>;
}

/** Where roles and groups are looked for unless a {@link ClaimMapping} says otherwise. */
export const defaultClaims = { rolesClaim: 'roles', groupsClaim: 'groups' } as const;
const ownNames: ReadonlyMap<string, readonly Role[]> = new Map(roles.map((role) => [role, [role]]));

/**
 * The person that verified claims describe. What is missing or of another type gives nothing: no role, no group, no
 * method of authentication.
 *
 * @throws CountersignError `unauthenticated` without a subject, and for claims that no entry can hold
 */
export function personOf(payload: JWTPayload, issuer: string, mapping: ClaimMapping = {}): Person {
  const { sub, name } = payload;
  if (typeof sub !== 'string' || sub === '') {
    throw new CountersignError('unauthenticated', 'the bearer token names nobody');
  }
  const { roles: given, groups, authentication } = readClaims(payload, mapping);
  const person = {
    issuer,
    subject: sub,
    name: typeof name === 'string' && name !== '' ? name : sub,
    roles: roles.filter((role) => given.gives.includes(role)),
    groups: [...groups.gives],
    authentication,
  };
  assertStorable(person);
  return person;
}

/** Where roles are read from, and for each role the values that give it: none where nobody can have it. */
export function roleValues(mapping: ClaimMapping = {}): {
  readonly claim: string;
  readonly values: Record<Role, string[]>;
} {
  const { rolesClaim, roleMap = ownNames } = { ...defaultClaims, ...mapping };
  const values = Object.fromEntries(
    roles.map((role) => [
      role,
      [...roleMap].filter(([, given]) => given.includes(role)).map(([value]) => value),
    ]),
  ) as Record<Role, string[]>;
  return { claim: rolesClaim, values };
}

/** The values of a claim of roles or groups, and the roles or groups that they give. */
export interface ReadClaim<Given extends string = string> {
  readonly claim: string;
  readonly values: readonly string[];
  readonly gives: readonly Given[];
  /** Values that give nothing. */
  readonly unknown: readonly string[];
}

/** What a person's claims give, claim by claim. */
export function readClaims(payload: JWTPayload, mapping: ClaimMapping = {}) {
  const { rolesClaim, groupsClaim, roleMap = ownNames, groupMap } = { ...defaultClaims, ...mapping };
  const { amr, acr, auth_time: authTime } = payload;
  return {
    roles: readClaim(payload, rolesClaim, (value) => roleMap.get(value)),
    groups: readClaim(payload, groupsClaim, (value) => (groupMap ? groupMap.get(value) : [value])),
    authentication: {
      methods: [
        // A value that begins like a context or a channel is no method (RFC 8176), and must not pass for one.
        ...strings(amr).filter((method) => !method.startsWith('acr:') && channelIn(method) === null),
        ...(typeof acr === 'string' && acr !== '' ? [`acr:${acr}`] : []),
      ],
      at: timeOf(authTime),
    },
  };
}

function readClaim<Given extends string>(
  payload: JWTPayload,
  claim: string,
  givenBy: (value: string) => readonly Given[] | undefined,
): ReadClaim<Given> {
  const values = listed(claimOf(payload, claim));
  return {
    claim,
    values,
    gives: [...new Set(values.flatMap((value) => givenBy(value) ?? []))],
    unknown: values.filter((value) => (givenBy(value) ?? []).length === 0),
  };
}

/**
 * The claims of roles and groups that a provider left out of a token because they are too long for it, and says so: Microsoft
 * Entra's overage (`_claim_names` in most tokens, `hasgroups` in those of the implicit flow).
 */
export function claimsLeftOut(payload: JWTPayload, mapping: ClaimMapping = {}): string[] {
  const { rolesClaim, groupsClaim } = { ...defaultClaims, ...mapping };
  const { _claim_names: elsewhere, hasgroups: hasGroups } = payload;
  const isElsewhere = (name: string) =>
    (elsewhere !== null && typeof elsewhere === 'object' && Object.hasOwn(elsewhere, name)) ||
    (name === 'groups' && (hasGroups === true || hasGroups === 'true'));
  return [...new Set([rolesClaim, groupsClaim])].filter(
    (name) => isElsewhere(name) && claimOf(payload, name) === undefined,
  );
}

/** The claim of exactly this name, since names may be URLs with dots; otherwise what the dotted path leads to. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let found: unknown = payload;
  for (const part of name.split('.')) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

function timeOf(seconds: unknown): string | null {
  if (typeof seconds !== 'number') return null;
  return Number.isNaN(new Date(seconds * 1000).getTime()) ? null : isoTime(seconds * 1000);
}

/** The limit for a person: an entry may hold the person twice, and their comment beside that. */
function assertStorable(person: Person): void {
  let length: number;
  try {
    ({ length } = Buffer.from(canonicalJson(person)));
  } catch (cause) {
    throw new CountersignError('unauthenticated', "the bearer token's claims are not plain text", { cause });
  }
  if (length > mostPersonBytes) {
    throw new CountersignError(
      'unauthenticated',
      `the bearer token's claims take ${length} bytes, at most ${mostPersonBytes} can be recorded`,
    );
  }
}

/** A claim as a list: providers send a list of one as a plain string. */
function listed(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value] : strings(value);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];
}
