import type { IncomingMessage, ServerResponse } from 'node:http';
import { delay, errorAnswer, resetConnection, send, sendHalf } from './answer.ts';
import type { Answer, AnswerContext } from './answer.ts';
import type { CallRecord } from './call-log.ts';
import type { Fault } from './fault.ts';

/** The call that meets the fault. */
export interface FaultyCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: CallRecord;
  readonly context: AnswerContext;
  /** The true answer of the call, whether or not it took effect. */
  readonly truth: Answer;
  readonly closing: AbortSignal;
}

function cut(answer: Answer): Answer {
  return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
}

function otherSn(answer: Answer): Answer {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]: [string, unknown]) => [
        name,
        /^(Device)?Sn$/.test(name) && typeof inner === 'string' ? `${inner}-other` : change(inner),
      ]),
    );
  };
  return { ...answer, body: JSON.stringify(change(JSON.parse(answer.body))) };
}

function page(status: number): Answer {
  const title = `${status} Service Temporarily Unavailable`;
  return {
    status,
    contentType: 'text/html',
    body: `<html>\n<head><title>${title}</title></head>\n<body><h1>${title}</h1></body>\n</html>\n`,
  };
}

function answerOf(fault: Fault, call: FaultyCall): Answer {
  const status = fault.status === undefined ? {} : { status: fault.status };
  switch (fault.kind) {
    case 'error':
    case 'appliedThen500':
      return errorAnswer(call.context, { ...fault, code: fault.code ?? 'InternalError' });
    case 'html':
      return page(fault.status ?? 503);
    case 'empty':
      return { status: fault.status ?? 502, contentType: 'application/json', body: '' };
    case 'truncated':
      return { ...cut(call.truth), ...status };
    case 'otherSn':
      return { ...otherSn(call.truth), ...status };
    case 'aborted':
    case 'pass':
    case 'hang':
    case 'hangAfterApply':
    case 'reset':
    case 'resetAfterApply':
      return { ...call.truth, ...status };
  }
}

/** Plays one fault on a call; whether the call takes effect has been decided before. */
export async function playFault(fault: Fault, call: FaultyCall): Promise<void> {
  const { record, request, response } = call;
  if (fault.kind === 'hang' || fault.kind === 'hangAfterApply') return;
  if (!(await delay(fault.delayMs ?? 0, call.closing)) || request.socket.destroyed) return;
  if (fault.kind === 'reset' || fault.kind === 'resetAfterApply') {
    resetConnection(request);
    return;
  }
  const answer = answerOf(fault, call);
  record.status = answer.status;
  if (fault.kind === 'error' || fault.kind === 'appliedThen500') record.code = fault.code ?? 'InternalError';
  if (fault.kind === 'aborted') sendHalf(request, response, answer);
  else send(response, answer);
}
