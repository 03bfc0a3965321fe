import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import { unreadableIn } from '../domain/unreadable.ts';
import { fieldErrors } from './field-errors.ts';
import { gateRequestSchema } from './gate-contract.ts';
import type { GateRequest } from './gate-contract.ts';
import { inputErrors } from './inputs.ts';
import type { Operations } from './registry.ts';

/**
 * What a host in any language asks of a gate, checked member by member, its operation's input too.
 *
 * @param sent - the gate's arguments
 * @throws CountersignError `invalid_request` naming each member that is wrong and the rule that it broke
 */
export function readGateRequest(operations: Operations, sent: readonly unknown[]): GateRequest {
  const [request] = sent;
  if (sent.length !== 1)
    throw invalid([wrong('request', 'type', `expected one argument, an object, and got ${sent.length}`)]);
  assertReadable(request);
  const errors = fieldErrors(gateRequestSchema, request).map((error) =>
    error.field === 'body' ? { ...error, field: 'request' } : error,
  );
  if (errors.length > 0) throw invalid(errors);
  const asked = gateRequestSchema.parse(request);
  const operation = operations.get(asked.operation);
  if (operation === undefined)
    throw invalid([wrong('operation', 'one_of', `${asked.operation} is no gated operation`)]);
  const ofInput = inputErrors(operation, asked.input);
  if (ofInput.length > 0) throw invalid(ofInput);
  return asked;
}

/** Without field errors: a host whose own codec reads nothing plain could not read them. */
function assertReadable(request: unknown): void {
  const why = unreadableIn(request);
  if (why !== null)
    throw new CountersignError('invalid_request', `the request cannot be read (${why}): expected json/plain`);
}

function wrong(field: string, rule: string, message: string): FieldError {
  return { field, rule, message };
}

function invalid(errors: readonly FieldError[]): CountersignError {
  const message = errors.map(({ field, message: said }) => `${field}: ${said}`).join('; ');
  return new CountersignError('invalid_request', message.slice(0, 2000), { errors });
}
