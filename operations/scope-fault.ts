import { globMatches } from '../domain/glob.ts';
import type { ScopePatterns } from '../domain/target-scope.ts';
import type { Operations } from './registry.ts';

/**
 * Why no target can have the members that a freeze or a policy names, or null when one can: it would match nothing, and
 * nobody would know.
 *
 * @param patterns - of the operations that it is for; undefined: for any
 */
export function scopeFault(
  { list }: Operations,
  patterns: readonly string[] | undefined,
  scope: ScopePatterns,
): string | null {
  const own = list.filter(({ name }) => !patterns || patterns.some((pattern) => globMatches(pattern, name)));
  const members = Object.keys(scope);
  // That no operation is meant is another fault.
  if (own.length === 0 || own.some((operation) => members.every((name) => operation.scope.includes(name)))) {
    return null;
  }
  const unknown = members.find((name) => !own.some((operation) => operation.scope.includes(name)));
  const known = [...new Set(own.flatMap((operation) => operation.scope))].join(', ');
  return unknown === undefined
    ? `no operation's targets have all of ${members.join(', ')}`
    : `no operation's targets have ${unknown}; known: ${known}`;
}
