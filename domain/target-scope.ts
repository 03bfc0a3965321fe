import { globMatches } from './glob.ts';
import type { Target } from './target.ts';

/** The name of a member of a scope: a letter, then letters and digits, 64 at most. */
export const scopeMemberName = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/** Most members of a target's scope, and of what is compared with one. */
export const mostScopeMembers = 10;

/** What members of a scope have to be: a glob for each, or several of which one has to match. */
export type ScopePatterns = Readonly<Record<string, string | readonly string[]>>;

/**
 * The first member of a target's scope that is not as the patterns ask, or null when all are. A member that the target
 * lacks fits no pattern, not even `*`; what the patterns do not name may be anything.
 */
export function unmetMember(patterns: ScopePatterns, scope: Target['scope']): string | null {
  for (const [name, wanted] of Object.entries(patterns)) {
    const value: unknown = Object.hasOwn(scope, name) ? scope[name] : undefined;
    if (typeof value !== 'string' || ![wanted].flat().some((pattern) => globMatches(pattern, value))) {
      return name;
    }
  }
  return null;
}

/**
 * Short forms as members of a scope, beside those that are named in full. Used by whatever takes `regionId` for
 * `scope.regionId`.
 *
 * @param short - the short forms by the members that they stand for; undefined where one is not given
 * @returns `twice`: members that are given in both forms
 */
export function withShortForms<T>(
  scope: Readonly<Record<string, T>>,
  short: Readonly<Record<string, T | undefined>>,
): { readonly scope: Readonly<Record<string, T>>; readonly twice: readonly string[] } {
  const given = Object.entries(short).filter((entry): entry is [string, T] => entry[1] !== undefined);
  return {
    scope: { ...scope, ...Object.fromEntries(given) },
    twice: given.map(([name]) => name).filter((name) => Object.hasOwn(scope, name)),
  };
}
