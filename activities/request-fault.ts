import { windowProblem } from '../calendar/window.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { ticketFault } from '../domain/ticket-gate.ts';
import { askedErrors, requestErrors } from '../operations/change-request.ts';
import { outOfStep } from '../operations/in-step.ts';
import type { Operations } from '../operations/registry.ts';

/** Why a request cannot be opened. */
export interface RequestFault {
  readonly code: 'invalid_request' | 'operation_out_of_step';
  readonly message: string;
}

/** Why no change can be opened with a request, or null: whoever may start workflows may have sent anything. */
export function requestFault(operations: Operations, request: unknown): RequestFault | null {
  const [malformed] = requestErrors(request);
  if (malformed) return invalid(`${malformed.field}: ${malformed.message}`);
  const read = request as ChangeRequest;
  const step = outOfStep(operations, read);
  if (step !== null) return { code: 'operation_out_of_step', message: step };
  const [wrong] = askedErrors(operations, read);
  if (wrong) return invalid(`${wrong.field}: ${wrong.message}`);
  const ticket = ticketFault(read.policy.ticket, read.ticket);
  if (ticket) return invalid(`${ticket.field}: ${ticket.message}`);
  for (const window of read.policy.windows) {
    const problem = windowProblem(window);
    if (problem !== null) return invalid(`policy.windows: ${problem}`);
  }
  return null;
}

function invalid(message: string): RequestFault {
  return { code: 'invalid_request', message };
}
