import type { Operations } from '../operations/registry.ts';
import { scopeFault } from '../operations/scope-fault.ts';
import type { WrittenTicket } from './document.ts';
import type { PolicyRule } from './match.ts';
import type { Finding } from './problem.ts';

/** What the schema cannot say of what one policy asks of a ticket. */
export function ticketFindings(ticket: WrittenTicket | undefined): Finding[] {
  if (ticket === undefined) return [];
  const { projects, table, window } = ticket;
  const twice = (path: readonly string[], message: string): Finding => ({
    severity: 'error',
    path: ['ticket', ...path],
    rule: 'distinct',
    message,
  });
  return [
    ...(projects !== undefined && table !== undefined
      ? [twice(['table'], 'has projects, too: table is short for one of them')]
      : []),
    ...(window !== undefined && window.start === window.end
      ? [twice(['window', 'end'], 'is the field of the start: no window begins and ends at once')]
      : []),
  ];
}

/** A member that no target of the policy's operations has is in no ticket, so no change under the policy would ever run. */
export function ticketMemberFindings(rules: readonly PolicyRule[], operations: Operations): Finding[] {
  return rules.flatMap(({ match, policy }, i) => {
    const member = policy.ticket?.sameTarget?.member;
    if (member == null) return [];
    const fault = scopeFault(operations, match.operation, { [member]: ['*'] });
    if (fault === null) return [];
    const path = ['policies', i, 'ticket', 'sameTarget'];
    return [{ severity: 'warning', path, rule: 'one_of', message: `is in no ticket: ${fault}` }];
  });
}
