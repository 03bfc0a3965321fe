import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACTIONS } from './actions.ts';
import { errorAnswer, send, successAnswer } from './answer.ts';
import type { Answer, AnswerContext } from './answer.ts';
import { STS_VERSION, assumeRole } from './assume-role.ts';
import { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import type { CallRecord } from './call-log.ts';
import { playFault } from './fault-answer.ts';
import { applies } from './fault.ts';
import { header } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import type { AccessKey } from './key-ring.ts';
import { checkParameters } from './parameters.ts';
import type { Simulation } from './simulation.ts';
import { trailEvent } from './trail.ts';
import { VendorError } from './vendor-error.ts';

/** Version of the product's interface. */
const PRODUCT_VERSION = '2020-04-20';

const SIGNATURE_PARAMETERS = new Set([
  'Action',
  'Version',
  'Format',
  'Timestamp',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'SignatureType',
  'Signature',
  'AccessKeyId',
  'SecurityToken',
]);

interface Effect {
  readonly answer: Answer;
  readonly code: string | null;
  readonly applied: boolean;
}

function openRecord(simulation: Simulation, incoming: Incoming, time: number): CallRecord {
  const all = Object.fromEntries([...incoming.query, ...incoming.form]);
  return simulation.calls.open({
    time,
    durationMs: null,
    action: header(incoming, 'x-acs-action') ?? all['Action'] ?? '',
    version: header(incoming, 'x-acs-version') ?? all['Version'] ?? '',
    method: incoming.method,
    parameters: Object.fromEntries(Object.entries(all).filter(([name]) => !SIGNATURE_PARAMETERS.has(name))),
    status: null,
    code: null,
    requestId: randomUUID().toUpperCase(),
    applied: false,
    fault: null,
    accessKeyId: null,
    session: null,
    userAgent: header(incoming, 'user-agent') ?? '',
  });
}

function errorEffect(error: unknown, context: AnswerContext): Effect {
  if (!(error instanceof VendorError)) throw error;
  return { answer: errorAnswer(context, error), code: error.code, applied: false };
}

/** Runs the action; `dry` finds the answer on a copy, so that nothing changes. */
function perform(
  simulation: Simulation,
  record: CallRecord,
  key: AccessKey,
  context: AnswerContext,
  dry: boolean,
): Effect {
  try {
    const action = ACTIONS.get(record.action);
    if (action === undefined) throw new VendorError('InvalidAction.NotFound');
    checkParameters(action, record.parameters);
    const mqttInstanceId = record.parameters['MqttInstanceId'] ?? '';
    authorize({ name: record.action, action, key, mqttInstanceId }, simulation);
    const result = action.run(
      record.parameters,
      dry ? simulation.certificates.copy(mqttInstanceId) : simulation.certificates,
    );
    return { answer: successAnswer(context, result.body), code: null, applied: result.applied && !dry };
  } catch (error) {
    return errorEffect(error, context);
  }
}

function checkAddress(incoming: Incoming, record: CallRecord): void {
  if (record.action === '') throw new VendorError('MissingParameter', 'Expected Action.');
  if (record.version !== PRODUCT_VERSION) throw new VendorError('InvalidVersion');
  const action = ACTIONS.get(record.action);
  if (action === undefined || incoming.path !== '/') throw new VendorError('InvalidAction.NotFound');
  if (action.method !== incoming.method)
    throw new VendorError('UnsupportedHTTPMethod', `Expected ${action.method}.`);
}

/**
 * Answers one call of the vendor's interface: signature, address, throttle, script, action, in this order.
 *
 * @param arrival Unix milliseconds, from a clock that never goes back
 */
export async function answerVendorCall(
  simulation: Simulation,
  incoming: Incoming,
  exchange: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly arrival: number;
  },
): Promise<void> {
  const { request, response, arrival } = exchange;
  const record = openRecord(simulation, incoming, arrival);
  const context = {
    requestId: record.requestId,
    hostId: header(incoming, 'host') ?? '',
    movedStatuses: simulation.settings.movedStatuses,
  };
  response.once('close', () => {
    record.durationMs = performance.timeOrigin + performance.now() - arrival;
    simulation.log({ event: 'call', ...record });
    const event = trailEvent(record, simulation.regionId);
    if (event !== null) simulation.tell(event);
  });
  const answer = (effect: Effect): void => {
    Object.assign(record, { status: effect.answer.status, code: effect.code, applied: effect.applied });
    send(response, effect.answer);
  };

  const isSts = record.version === STS_VERSION && record.action === 'AssumeRole' && incoming.path === '/';
  let key: AccessKey;
  try {
    const now = Date.now();
    key = authenticate(incoming, { keys: simulation.keys, nonces: simulation.nonces, now });
    record.accessKeyId = key.accessKeyId;
    record.session = key.temporary?.session ?? null;
    if (!isSts) {
      checkAddress(incoming, record);
      const retryAfterMs = simulation.throttle.take(arrival, simulation.settings.callsPerSecond);
      if (retryAfterMs !== undefined) throw new VendorError('Throttling.User', undefined, retryAfterMs);
    }
  } catch (error) {
    answer(errorEffect(error, context));
    return;
  }

  const run = (dry: boolean): Effect => {
    if (!isSts) return perform(simulation, record, key, context, dry);
    try {
      const keys = simulation.keys;
      const body = assumeRole(incoming, record.parameters, { keys, now: Date.now() });
      return { answer: successAnswer(context, body), code: null, applied: !dry };
    } catch (error) {
      return errorEffect(error, context);
    }
  };
  const fault = simulation.faults.take({
    action: record.action,
    parameters: record.parameters,
    isProduct: !isSts,
  });
  if (fault === undefined) {
    answer(run(false));
    return;
  }
  record.fault = fault.kind;
  const effect = run(!applies(fault.kind));
  record.applied = effect.applied;
  if (fault.kind === 'pass' || fault.kind === 'aborted') record.code = effect.code;
  await playFault(fault, {
    request,
    response,
    record,
    context,
    truth: effect.answer,
    closing: simulation.closing,
  });
}
