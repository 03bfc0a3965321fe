import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type OpenApiCore from '@alicloud/openapi-core';
import type { $OpenApiUtil as OpenApiUtil } from '@alicloud/openapi-core';
import { CountersignError } from '../domain/error.ts';
import { isCredentialCode } from './classify.ts';
import { createKeySource } from './credentials.ts';
import type { Credential, StaticKey } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { faultOfBody, faultOfError, faultOfKind, isRecord, requestIdIn } from './fault.ts';
import type { Hidden } from './fault.ts';
import { watchExchange } from './http-exchange.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { CaCertificateRef, CallPace, OnsMqtt, ReadFault, Sending, VendorFault } from './port.ts';
import { hasPolicyName, openRoleSession, sessionRefusal } from './role-session.ts';
import type { SessionRole, SessionUse } from './role-session.ts';
import { byRoute } from './route.ts';
import type { AgentFor } from './route.ts';
import { snapshotOf } from './snapshot.ts';
import { within } from './within.ts';

// The package is CommonJS, and Node and bundlers wrap its default export differently: loaded by require, it is the same.
const core = createRequire(import.meta.url)('@alicloud/openapi-core') as typeof OpenApiCore & {
  $OpenApiUtil: typeof OpenApiUtil;
};
type Runtime = Parameters<InstanceType<typeof core.default>['callApi']>[2];

/** Options of {@link createOnsMqtt}. */
export interface OnsMqttOptions {
  /** A URL in place of the region's own `https://onsmqtt.<region>.aliyuncs.com`; `http:` on loopback only. */
  readonly endpoint?: string;
  /** The one region that is served; what names another is not sent. Without it any region is. */
  readonly region?: string;
  /** Makes the credentials, and again after they have failed. */
  readonly credential: () => Credential;
  readonly pace: CallPace;
  /** Whose sessions, one for each call, make the calls that change something; without it the worker's own key does. */
  readonly role?: SessionRole;
  /** Longest wait for an answer, ms from the sending; default 10,000. The waits for a key and for the pace are not counted. */
  readonly deadlineMs?: number;
  /** By which agents calls, and the look-ups of keys for them, reach their hosts; default: the vendor's libraries' own. */
  readonly agentFor?: AgentFor;
}

/** A 200 in JSON without an error. */
interface Success {
  readonly ok: true;
  readonly body: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

/**
 * Longest time from the asking to the sending, ms. Whoever was held up for longer (a stopped process) may have been
 * given up by its caller, and another may be calling in its place: it must not send.
 */
const sendWithinMs = 12_000;
/** Longest wait for a key, ms, with the session that it may have to open. */
const keyWithinMs = 5_000;
/** Statuses at which the vendor documents its "not found" codes, before its notice and since. */
const notFoundStatuses: readonly (number | null)[] = [500, 400];
const notFoundCodes = ['FindCaBySnError', 'MqttInstanceNotFound'];

/**
 * ApsaraMQ for MQTT over the vendor's SDK core, API version 2020-04-20. One call is one request: no retries. What fails is
 * returned as a {@link VendorFault}, never thrown, a key or a slot that could not be had (`not_sent`) included.
 *
 * Reads go through the pace too: whether the account's limit counts them is not documented. A read that is answered
 * FindCaBySnError or MqttInstanceNotFound, at 500 as at 400, says that there is no such certificate: the vendor documents
 * these codes at 500 as the plain answer for what is not there, so the 500 is no sign of a service in trouble.
 *
 * After the deadline the request is destroyed. What has left by then may still arrive: a `timeout` is of the class `unknown`.
 *
 * @throws CountersignError `invalid_configuration` for a wrong endpoint, such as plain HTTP to another host than this one
 */
export function createOnsMqtt(options: OnsMqttOptions): OnsMqtt {
  const { credential, pace, region, role, deadlineMs = 10_000, agentFor } = options;
  const endpointFor = endpointOf(options.endpoint);
  const keys = createKeySource(credential);

  async function send(
    action: string,
    method: 'GET' | 'POST',
    ref: CaCertificateRef,
    key: StaticKey,
    { exchange, nonce }: { exchange: HttpExchange; nonce: string },
  ): Promise<Success | VendorFault> {
    const { host, protocol } = endpointFor(ref.regionId);
    const { Config, Params, OpenApiRequest } = core.$OpenApiUtil;
    // A client of its own with the key as it is: nothing is looked up between the slot and the request.
    const client = new core.default(
      new Config({ ...key, endpoint: host, protocol, userAgent: 'countersign' }),
    );
    const params = new Params({
      action,
      version: '2020-04-20',
      protocol: 'HTTPS',
      pathname: '/',
      method,
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    });
    const request = new OpenApiRequest({
      query: { MqttInstanceId: ref.mqttInstanceId, Sn: ref.sn },
      headers: { 'x-acs-signature-nonce': nonce },
    });
    // Both, and equal: the second is a socket's idle time-out.
    const runtime = { readTimeout: deadlineMs, connectTimeout: deadlineMs } as unknown as Runtime;
    const hidden: Hidden = [
      [ref.sn, '<sn>'],
      [ref.mqttInstanceId, '<instance>'],
      [host, '<host>'],
      [key.accessKeyId, '<key>'],
      [key.accessKeySecret, '<secret>'],
      [key.securityToken, '<token>'],
    ];
    try {
      const { body, statusCode } = (await client.callApi(params, request, runtime)) as {
        body: unknown;
        statusCode: number;
      };
      if (!isRecord(body) || statusCode !== 200) {
        return seen(faultOfKind('unreadable_answer', 'expected a JSON object at HTTP 200'), exchange);
      }
      if ('Code' in body) return seen(faultOfBody(body, statusCode, hidden), exchange);
      return { ok: true, body, requestId: requestIdIn(body) };
    } catch (error) {
      return seen(faultOfError(error, hidden), exchange);
    }
  }

  /** The key for a call, of a session where the call has one; or why there is none. */
  async function keyFor(session: SessionUse | null): Promise<StaticKey | string> {
    let key: StaticKey;
    try {
      key = await keys.current();
    } catch {
      return 'no credentials could be had';
    }
    if (role === undefined || session === null) return key;
    try {
      return await openRoleSession(role, key, session);
    } catch (error) {
      return `no session of the role could be had (${sessionRefusal(error) ?? 'no usable answer of STS'})`;
    }
  }

  async function call(
    action: string,
    method: 'GET' | 'POST',
    ref: CaCertificateRef,
    changeId: string | null = null,
    { notAfter = Infinity, begin }: Sending = {},
  ): Promise<Success | VendorFault> {
    if (!isUsable(ref))
      return faultOfKind('invalid_input', 'expected a region, an instance and a serial number');
    // One endpoint would answer for every region.
    if (region !== undefined && ref.regionId !== region)
      return faultOfKind('invalid_input', `expected the region ${region}`);
    const session = changeId === null ? null : { changeId, action, instance: ref };
    // Reads too, so that it shows before anybody is asked.
    if (role !== undefined && !hasPolicyName(ref))
      return faultOfKind('invalid_input', 'expected an instance that a session can be limited to');
    const askedAt = performance.now();
    // The key comes first: looking it up may take longer than a slot waits.
    const key = await within<StaticKey | string>(
      keyWithinMs,
      keyFor(session),
      () => 'no credentials could be had in time',
    );
    if (typeof key === 'string') {
      keys.forget();
      return faultOfKind('not_sent', key);
    }
    try {
      await pace.claim();
    } catch (error) {
      const why = error instanceof CountersignError ? error.code : 'log_unavailable';
      return faultOfKind('not_sent', `no slot of the account's rate could be had (${why})`);
    }
    const tooLate = () => performance.now() - askedAt > sendWithinMs || Date.now() > notAfter;
    const heldUp = () => faultOfKind('not_sent', 'held up for too long before the sending');
    if (tooLate()) return heldUp();
    if (begin !== undefined && !(await begin())) {
      return faultOfKind('not_sent', 'stopped right before the sending');
    }
    if (tooLate()) return heldUp();
    const nonce = randomUUID();
    const exchange = watchExchange(nonce);
    try {
      const answer = await within<Success | VendorFault>(
        deadlineMs,
        send(action, method, ref, key, { exchange, nonce }),
        () => {
          exchange.abort();
          return seen(faultOfKind('timeout', `no answer within ${deadlineMs} ms`), exchange);
        },
      );
      if (!answer.ok && isCredentialCode(answer.code)) keys.forget();
      return answer;
    } finally {
      exchange.stop();
    }
  }

  return {
    async activeCaCertificate(ref, changeId, sending) {
      const answer = await byRoute(agentFor, () =>
        call('ActiveCaCertificate', 'POST', ref, changeId, sending),
      );
      if (!answer.ok) return answer;
      const { body, requestId } = answer;
      if (body.Sn !== ref.sn) return otherSn(requestId);
      if (requestId === null) return unreadable('the answer has no RequestId', requestId);
      return { ok: true, requestId, httpStatus: 200 };
    },
    async getCaCertificate(ref) {
      const answer = await byRoute(agentFor, () => call('GetCaCertificate', 'GET', ref));
      if (!answer.ok) {
        const { code, httpStatus, requestId } = answer;
        const isNotThere = notFoundCodes.includes(code) && notFoundStatuses.includes(httpStatus);
        return isNotThere && requestId !== null
          ? { ok: true, requestId, certificate: null }
          : readFault(answer);
      }
      const { body, requestId } = answer;
      const data = body.Data;
      if (!isRecord(data)) return readFault(unreadable('the answer has no certificate', requestId));
      if (data.Sn !== ref.sn) return readFault(otherSn(requestId));
      if (requestId === null) return readFault(unreadable('the answer has no RequestId', requestId));
      return { ok: true, requestId, certificate: snapshotOf(data, ref.sn) };
    },
  };
}

/** A fault with what the wire showed, where the SDK does not tell it. */
function seen(fault: VendorFault, exchange: HttpExchange): VendorFault {
  return {
    ...fault,
    httpStatus: fault.httpStatus ?? exchange.httpStatus,
    requestId: fault.requestId ?? exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
  };
}

/** A read does nothing, so nothing about it is in doubt: what could not be read may be read again. */
function readFault(fault: VendorFault): ReadFault {
  return { ...fault, class: fault.class === 'unknown' ? 'transient' : fault.class };
}

function otherSn(requestId: string | null): VendorFault {
  return {
    ...faultOfKind('other_sn', 'the answer is not about the serial number asked for'),
    httpStatus: 200,
    requestId,
  };
}

function unreadable(message: string, requestId: string | null): VendorFault {
  return { ...faultOfKind('unreadable_answer', message), httpStatus: 200, requestId };
}

/** The SDK would send what is missing as an empty value, and the region becomes a part of a host's name. */
function isUsable({ regionId, mqttInstanceId, sn }: CaCertificateRef): boolean {
  const isText = (text: unknown) => typeof text === 'string' && text !== '' && text.isWellFormed();
  return [regionId, mqttInstanceId, sn].every(isText) && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(regionId);
}
