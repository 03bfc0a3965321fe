import type { JWTPayload } from 'jose';
import { canonicalJson } from '../domain/canonical-json.ts';
import { CountersignError } from '../domain/error.ts';
import { mostPersonBytes, roles } from '../domain/person.ts';
import type { Person, Role } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';

/** Which claims make a person. A name is a claim's own, or else a dotted path into nested ones: `realm_access.roles`. */
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
}

const ownNames: ReadonlyMap<string, readonly Role[]> = new Map(roles.map((role) => [role, [role]]));

/**
 * The person that verified claims describe. What is missing or of another type gives nothing: no role, no group, no
 * method of authentication.
 *
 * @throws CountersignError `unauthenticated` without a subject, and for claims that no entry can hold
 */
export function personOf(payload: JWTPayload, issuer: string, mapping: ClaimMapping = {}): Person {
  const { rolesClaim = 'roles', groupsClaim = 'groups', roleMap = ownNames } = mapping;
  const { sub, name, amr, acr, auth_time: authTime } = payload;
  if (typeof sub !== 'string' || sub === '') {
    throw new CountersignError('unauthenticated', 'the bearer token names nobody');
  }
  const given = new Set(strings(claimOf(payload, rolesClaim)).flatMap((value) => roleMap.get(value) ?? []));
  const person = {
    issuer,
    subject: sub,
    name: typeof name === 'string' && name !== '' ? name : sub,
    roles: roles.filter((role) => given.has(role)),
    groups: strings(claimOf(payload, groupsClaim)),
    authentication: {
      methods: [
        // What begins like a context is no method (RFC 8176), and must not pass for one.
        ...strings(amr).filter((method) => !method.startsWith('acr:')),
        ...(typeof acr === 'string' && acr !== '' ? [`acr:${acr}`] : []),
      ],
      at: timeOf(authTime),
    },
  };
  assertStorable(person);
  return person;
}

/** The claim of exactly this name, since names may be URLs with dots; else what the dotted path leads to. */
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

/** A person is written into entries, at most twice into each, and must leave room there for what they said. */
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

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];
}
