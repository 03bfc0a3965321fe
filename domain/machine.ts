import { isMachine, machineIssuer, samePerson } from './person.ts';
import type { Person } from './person.ts';
import type { LoggedToken } from './rule-entries.ts';

/** What is asked of an API token. */
export type JudgedToken = Pick<LoggedToken, 'id' | 'scopes' | 'issuedBy' | 'expiresAt' | 'revokedAt'>;

/** Whether somebody asks by an API token. */
export function asksByToken(requester: Person): boolean {
  return requester.issuer === machineIssuer || isMachine(requester);
}

/**
 * Why a machine may not ask for a change; null when it may: its API token was issued for that by whoever answers for it, had
 * not expired, and was not revoked.
 *
 * @param token - as the log tells of it; null where nobody has issued it
 * @param at - when it asked, ISO 8601
 */
export function refusalOfMachine(requester: Person, token: JudgedToken | null, at: string): string | null {
  const { issuer, subject, issuedBy } = requester;
  if (issuer !== machineIssuer || token?.id !== subject)
    return 'no entry tells that its API token was issued';
  if (issuedBy === undefined || !samePerson(issuedBy, token.issuedBy)) {
    return 'its API token was issued by somebody else';
  }
  if (!token.scopes.includes('changes:request')) return 'its API token was not issued for requests';
  if (token.expiresAt <= at) return `its API token expired at ${token.expiresAt}`;
  if (token.revokedAt !== null && token.revokedAt <= at)
    return `its API token was revoked at ${token.revokedAt}`;
  return null;
}
