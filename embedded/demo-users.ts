/** Somebody that the demo identity provider knows. */
export interface DemoUser {
  /** Claim `sub`. */
  user: string;
  name: string;
  roles: readonly string[];
  groups: readonly string[];
}

/** The demo users; they have no passwords and exist on loopback only. */
export const DEMO_USERS: readonly DemoUser[] = [
  { user: 'alice', name: 'Alice Archer', roles: ['requester'], groups: [] },
  { user: 'erin', name: 'Erin Ellis', roles: ['requester'], groups: [] },
  { user: 'bob', name: 'Bob Baker', roles: ['approver'], groups: ['operations'] },
  { user: 'carol', name: 'Carol Cook', roles: ['approver'], groups: ['operations'] },
  { user: 'frank', name: 'Frank Fisher', roles: ['approver'], groups: ['security'] },
  { user: 'dave', name: 'Dave Draper', roles: ['auditor'], groups: [] },
  { user: 'olga', name: 'Olga Olsen', roles: ['operator'], groups: [] },
  { user: 'adam', name: 'Adam Abbott', roles: ['admin'], groups: [] },
];

/** The demo user of that name, if there is one. */
export function demoUser(user: unknown): DemoUser | undefined {
  return DEMO_USERS.find((known) => known.user === user);
}
