import type { Person, Role } from '../domain/person.ts';

/** Where the people of tests come from, when nothing else is said. */
export const testIssuer = 'https://people.test';

/**
 * Somebody for a test: an approver, unless other roles are given.
 *
 * @param subject - who it is; two with the same subject are one person
 */
export function by(
  subject: string,
  more: Partial<Pick<Person, 'issuer' | 'groups' | 'authentication'>> & {
    readonly roles?: readonly Role[];
  } = {},
): Person {
  return {
    issuer: testIssuer,
    subject,
    name: subject,
    roles: ['approver'],
    groups: [],
    authentication: { methods: [], at: null },
    ...more,
  };
}
