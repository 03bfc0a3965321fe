import type { Request, RequestHandler } from 'express';
import { CountersignError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';
import type { Person, Role } from '../domain/person.ts';
import { samePerson } from '../domain/person.ts';
import type { Change } from '../domain/change.ts';
import type { FailureLimit } from './failure-limit.ts';
import type { TokenVerifier, VerifiedToken } from '../identity/token-verifier.ts';

const callers = new WeakMap<Request, VerifiedToken>();

/** Verifies the bearer token (RFC 6750) of every call behind it; without one nothing is answered. */
export function authenticate(tokens: TokenVerifier, limit: FailureLimit): RequestHandler {
  return async (req, _res, next) => {
    const [scheme, token, ...rest] = (req.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '' || rest.length > 0) {
      throw new CountersignError('unauthenticated', 'a bearer token is needed');
    }
    const address = req.ip ?? '';
    limit.admit(address, token);
    try {
      callers.set(req, await tokens.verify(token));
    } catch (error) {
      // A provider that cannot be reached is no fault of the caller's.
      if (error instanceof CountersignError && error.code === 'unauthenticated')
        limit.refused(address, token);
      throw error;
    }
    limit.accepted(token);
    next();
  };
}

/** Who calls. */
export function callerOf(req: Request): VerifiedToken {
  const caller = callers.get(req);
  if (!caller) throw new CountersignError('unauthenticated', 'a bearer token is needed');
  return caller;
}

/** Refusals that a token without all of its roles and groups may be the cause of. */
const forWantOfClaims: ReadonlySet<ErrorCode> = new Set([
  'missing_role',
  'not_an_approver',
  'forbidden',
  'no_policy',
  'break_glass_not_allowed',
  'not_found',
]);

/** The further members of a refusal for a token that came without its roles or groups; empty for other tokens. */
export function leftOutNote(req: Request, code: ErrorCode): string {
  const leftOut = callers.get(req)?.leftOut ?? [];
  if (leftOut.length === 0 || !forWantOfClaims.has(code)) return '';
  return `; your token came without ${leftOut.join(' and ')}: the identity provider leaves out what is too long for a token, have it send only the groups that matter here`;
}

/** Lets somebody pass who has one of these roles. @throws CountersignError `missing_role` */
export function requireRole(person: Person, ...anyOf: readonly Role[]): void {
  if (anyOf.some((role) => person.roles.includes(role))) return;
  const needed = anyOf.length === 1 ? `the role ${anyOf[0]}` : `one of the roles ${anyOf.join(', ')}`;
  throw new CountersignError('missing_role', `this call needs ${needed}`);
}

const concerned: ReadonlySet<Role> = new Set(['approver', 'auditor', 'operator']);

/** Whether somebody has to do with other people's changes. `mayRead` says which of them they may read. */
export function isConcerned(person: Person): boolean {
  return person.roles.some((role) => concerned.has(role));
}

/** Whether somebody may learn that a change exists: then a refusal says why, and is recorded. Anybody else gets a 404. */
export function mayAddress(person: Person, change: Change): boolean {
  return isConcerned(person) || samePerson(person, change.requester);
}
