import type { Fault } from '../domain/fault.ts';
import type { CallAnswer, DriverContext, Send } from '../operations/implement.ts';
import { faultOfKind, isRecord } from './fault.ts';
import type { OnsMqtt, VendorAnswer, VendorRequest } from './port.ts';

/** The members by which an answer says what it is about, such as `Sn`, each with what was asked for. */
type Echo = Readonly<Record<string, string>>;

/** A read's answer; null data: there is no such certificate. */
export interface ReadData {
  readonly ok: true;
  readonly requestId: string;
  readonly data: Readonly<Record<string, unknown>> | null;
}

/** Statuses at which the vendor documents its "not found" codes, before its notice and since. */
const notFoundStatuses: readonly (number | null)[] = [500, 400];
const notFoundCodes = ['FindCaBySnError', 'FindDeviceBySnError', 'MqttInstanceNotFound'];

/** Prepares a call that changes something: it succeeded once its answer names what was asked for. */
export async function prepareCall(
  onsMqtt: OnsMqtt,
  request: Omit<VendorRequest, 'method'>,
  echo: Echo,
  context: DriverContext,
): Promise<Send | Fault> {
  const send = await onsMqtt.prepare({ ...request, method: 'POST' }, context);
  if (typeof send !== 'function') return send;
  return async (): Promise<CallAnswer | Fault> => {
    const answer = await send();
    return answer.ok ? about(answer, answer.body, echo) : answer;
  };
}

/**
 * Reads a certificate. FindCaBySnError, FindDeviceBySnError or MqttInstanceNotFound, at 500 as at 400, say that there is no such certificate: the
 * vendor documents these codes at 500 as the plain answer for what is not there, so the 500 is no sign of a service in
 * trouble.
 */
export async function readData(
  onsMqtt: OnsMqtt,
  request: Omit<VendorRequest, 'method' | 'ramAction'>,
  echo: Echo,
  context: DriverContext,
): Promise<ReadData | Fault> {
  const send = await onsMqtt.prepare({ ...request, method: 'GET', ramAction: null }, context);
  const answer = typeof send === 'function' ? await send() : send;
  if (!answer.ok) {
    const { code, httpStatus, requestId } = answer;
    const isNotThere = notFoundCodes.includes(code) && notFoundStatuses.includes(httpStatus);
    return isNotThere && requestId !== null ? { ok: true, requestId, data: null } : answer;
  }
  const data = answer.body['Data'];
  if (!isRecord(data)) return unreadable('the answer has no certificate', answer.requestId);
  const read = about(answer, data, echo);
  return read.ok ? { ...read, data } : read;
}

/** A 200 whose body is about something else is no word on what was asked for. */
function about(
  { requestId }: VendorAnswer,
  told: Readonly<Record<string, unknown>>,
  echo: Echo,
): CallAnswer | Fault {
  if (Object.entries(echo).some(([member, value]) => told[member] !== value)) {
    const message = 'the answer is not about the serial number asked for';
    return { ...faultOfKind('other_sn', message), httpStatus: 200, requestId };
  }
  return requestId === null ? unreadable('the answer has no RequestId', null) : { ok: true, requestId };
}

function unreadable(message: string, requestId: string | null): Fault {
  return { ...faultOfKind('unreadable_answer', message), httpStatus: 200, requestId };
}
