import { CountersignError } from '../domain/error.ts';
import type { FieldError } from '../domain/error.ts';
import { protoMemberIn } from '../domain/proto-member.ts';
import { refusedIn, unreadableIn } from '../domain/unreadable.ts';
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
  const fault = refusedIn(request);
  if (fault !== null) throw invalid(fault.errors, fault.message);
  const proto = protoMemberIn(request);
  if (proto !== null) throw invalid([wrong(proto, 'unknown_field', 'no such field')]);
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

/** How many wrong members are told, and how long each part of what is told of one may be: the answer has to fit into a history. */
const toldErrors = 50;
const toldLength = 500;

function invalid(all: readonly FieldError[], why?: string): CountersignError {
  const errors = all.slice(0, toldErrors).map(({ field, rule, message: said }) => ({
    field: field.slice(0, toldLength),
    rule: rule.slice(0, toldLength),
    message: said.slice(0, toldLength),
  }));
  const message = why ?? errors.map(({ field, message: said }) => `${field}: ${said}`).join('; ');
  return new CountersignError('invalid_request', message.slice(0, 2000), { errors });
}
