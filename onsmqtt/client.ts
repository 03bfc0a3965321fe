import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type OpenApiCore from '@alicloud/openapi-core';
import type { $OpenApiUtil as OpenApiUtil } from '@alicloud/openapi-core';
import { CountersignError } from '../domain/error.ts';
import type { Fault } from '../domain/fault.ts';
import { isCredentialCode } from './classify.ts';
import { createKeySource } from './credentials.ts';
import type { Credential, StaticKey } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { faultOfBody, faultOfError, faultOfKind, isRecord, requestIdIn } from './fault.ts';
import type { Hidden } from './fault.ts';
import { watchExchange } from './http-exchange.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { CallPace, OnsMqtt, Sending, VendorAnswer, VendorRequest } from './port.ts';
import { hasPolicyName, openRoleSession, sessionRefusal } from './role-session.ts';
import type { SessionRole, SessionUse } from './role-session.ts';
import { byRoute } from './route.ts';
import type { AgentFor } from './route.ts';
import { withTimeout } from './timeout.ts';

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

/**
 * Longest time from the asking to the sending, ms. Whoever was held up for longer (a stopped process) may have been
 * given up by its caller, and another may be calling in its place: it must not send.
 */
const sendWithinMs = 12_000;
/** Longest wait for a key, ms, with the session that it may have to open. */
const keyWithinMs = 5_000;
/**
 * ApsaraMQ for MQTT over the vendor's SDK core, API version 2020-04-20. One call is one request: no retries. What fails is
 * returned as a {@link Fault}, never thrown, a key or a slot that could not be had (`not_sent`) included.
 *
 * Reads go through the pace too: whether the account's limit counts them is not documented.
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
    { action, method, regionId, mqttInstanceId, query }: VendorRequest,
    key: StaticKey,
    { exchange, nonce }: { exchange: HttpExchange; nonce: string },
  ): Promise<VendorAnswer | Fault> {
    const { host, protocol } = endpointFor(regionId);
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
      query: { MqttInstanceId: mqttInstanceId, ...query },
      headers: { 'x-acs-signature-nonce': nonce },
    });
    // Both, and equal: the second is a socket's idle time-out.
    const runtime = { readTimeout: deadlineMs, connectTimeout: deadlineMs } as unknown as Runtime;
    const hidden: Hidden = [
      ...Object.entries(query).map(([name, value]) => [value, `<${name.toLowerCase()}>`] as const),
      [mqttInstanceId, '<instance>'],
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
      return 'no credentials were available';
    }
    if (role === undefined || session === null) return key;
    try {
      return await openRoleSession(role, key, session);
    } catch (error) {
      return `no session of the role was available (${sessionRefusal(error) ?? 'no usable answer of STS'})`;
    }
  }

  async function prepare(
    request: VendorRequest,
    { changeId, notAfter }: Sending,
  ): Promise<Fault | (() => Promise<VendorAnswer | Fault>)> {
    const { regionId, ramAction } = request;
    if (!isUsable(request))
      return faultOfKind('invalid_input', 'expected a region, an instance and parameters that are not empty');
    // One endpoint would answer for every region.
    if (region !== undefined && regionId !== region)
      return faultOfKind('invalid_input', `expected the region ${region}`);
    const session = ramAction === null ? null : { changeId, ramAction, instance: request };
    // Reads too, so that it shows before anybody is asked.
    if (role !== undefined && !hasPolicyName(request))
      return faultOfKind('invalid_input', 'expected an instance that a session can be limited to');
    const askedAt = performance.now();
    // The key comes first: looking it up may take longer than a slot waits.
    const key = await withTimeout<StaticKey | string>(
      keyWithinMs,
      keyFor(session),
      () => 'no credentials were available in time',
    );
    if (typeof key === 'string') {
      keys.forget();
      return faultOfKind('not_sent', key);
    }
    try {
      await pace.claim();
    } catch (error) {
      const why = error instanceof CountersignError ? error.code : 'log_unavailable';
      return faultOfKind('not_sent', `no slot of the account's rate was available (${why})`);
    }
    const heldUp = () =>
      performance.now() - askedAt > sendWithinMs || Date.now() > notAfter
        ? faultOfKind('not_sent', 'held up for too long before it was sent')
        : null;
    return heldUp() ?? (async () => heldUp() ?? (await exchangeOf(request, key)));
  }

  /** One request and its answer, within the deadline. */
  async function exchangeOf(request: VendorRequest, key: StaticKey): Promise<VendorAnswer | Fault> {
    const nonce = randomUUID();
    const exchange = watchExchange(nonce);
    try {
      const answer = await withTimeout<VendorAnswer | Fault>(
        deadlineMs,
        send(request, key, { exchange, nonce }),
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
    async prepare(request, sending) {
      const prepared = await byRoute(agentFor, () => prepare(request, sending));
      return typeof prepared === 'function' ? () => byRoute(agentFor, prepared) : prepared;
    },
  };
}

/** A fault with what the wire showed, where the SDK does not tell it. */
function seen(fault: Fault, exchange: HttpExchange): Fault {
  return {
    ...fault,
    httpStatus: fault.httpStatus ?? exchange.httpStatus,
    requestId: fault.requestId ?? exchange.requestId,
    retryAfterMs: exchange.retryAfterMs,
  };
}

/** The SDK would send what is missing as an empty value, and the region becomes a part of a host's name. */
function isUsable({ regionId, mqttInstanceId, query }: VendorRequest): boolean {
  const isText = (text: unknown) => typeof text === 'string' && text !== '' && text.isWellFormed();
  return (
    [regionId, mqttInstanceId, ...Object.values(query)].every(isText) &&
    /^[a-z0-9]+(-[a-z0-9]+)*$/.test(regionId)
  );
}
