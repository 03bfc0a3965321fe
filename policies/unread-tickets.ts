import type { PinnedPolicy } from '../domain/policy.ts';

/** A ticket system that policies ask tickets of and that nobody reads. */
export interface UnreadSystem {
  readonly system: string;
  /** The names of those policies. */
  readonly policies: readonly string[];
}

/**
 * The ticket systems that policies ask tickets of and that nobody reads: their changes would wait for a ticket to be read until
 * their time is over.
 *
 * @param read - the names of the systems that are read
 */
export function unreadSystems(
  policies: readonly Pick<PinnedPolicy, 'name' | 'ticket'>[],
  read: readonly string[],
): UnreadSystem[] {
  const asked = policies.flatMap(({ name, ticket }) =>
    ticket == null ? [] : [{ name, system: ticket.system }],
  );
  const unread = new Set(asked.map(({ system }) => system).filter((system) => !read.includes(system)));
  return [...unread].map((system) => ({
    system,
    policies: asked.filter((one) => one.system === system).map(({ name }) => name),
  }));
}
