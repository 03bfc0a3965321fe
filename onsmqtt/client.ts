import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type OpenApiCore from '@alicloud/openapi-core';
import type { $OpenApiUtil as OpenApiUtil } from '@alicloud/openapi-core';
import type { Credential } from './credentials.ts';
import { CountersignError } from '../domain/error.ts';
import { isoTime } from '../domain/time.ts';
import type { CaCertificateSnapshot } from '../operations/active-ca-certificate.ts';
import { classify } from './classify.ts';
import type { CaCertificateRef, CallPace, OnsMqtt, VendorFault } from './port.ts';

// The package is CommonJS, and Node and bundlers wrap its default export differently: loaded by require, it is the same.
const core = createRequire(import.meta.url)('@alicloud/openapi-core') as typeof OpenApiCore & {
  $OpenApiUtil: typeof OpenApiUtil;
};
type OpenApiClient = InstanceType<typeof core.default>;

/** Options of {@link createOnsMqtt}. */
export interface OnsMqttOptions {
  /** A URL in place of the region's own `https://onsmqtt.<region>.aliyuncs.com`; `http:` on loopback only. */
  readonly endpoint?: string;
  /** Makes the credentials, again after the default chain has failed. */
  readonly credential: () => Credential;
  readonly pace: CallPace;
  /** Longest wait for an answer, ms; default 10,000. The SDK's own time-outs can be lost on a reused socket. */
  readonly deadlineMs?: number;
}

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);
const notFound = new Set(['FindCaBySnError', 'MqttInstanceNotFound']);

/**
 * ApsaraMQ for MQTT over the vendor's SDK core, API version 2020-04-20. One call is one request: no retries.
 *
 * @throws CountersignError `invalid_configuration` for plain HTTP to another host than this one
 */
export function createOnsMqtt(options: OnsMqttOptions): OnsMqtt {
  const { credential, pace, deadlineMs = 10_000 } = options;
  const endpoint = options.endpoint === undefined ? null : new URL(options.endpoint);
  if (endpoint?.protocol === 'http:' && !loopback.has(endpoint.hostname)) {
    throw new CountersignError('invalid_configuration', 'ONSMQTT_ENDPOINT: plain http is for loopback only', {
      errors: [{ field: 'ONSMQTT_ENDPOINT', rule: 'https', message: 'must be https off loopback' }],
    });
  }
  const clients = new Map<string, OpenApiClient>();

  function clientFor(regionId: string): OpenApiClient {
    let client = clients.get(regionId);
    if (!client) {
      client = new core.default(
        new core.$OpenApiUtil.Config({
          credential: credential(),
          endpoint: endpoint?.host ?? `onsmqtt.${regionId}.aliyuncs.com`,
          protocol: endpoint?.protocol === 'http:' ? 'HTTP' : 'HTTPS',
        }),
      );
      clients.set(regionId, client);
    }
    return client;
  }

  async function call(action: string, method: 'GET' | 'POST', ref: CaCertificateRef): Promise<Answer> {
    const params = new core.$OpenApiUtil.Params({
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
    const query = { MqttInstanceId: ref.mqttInstanceId, Sn: ref.sn };
    const runtime = { readTimeout: deadlineMs, connectTimeout: deadlineMs } as unknown as Parameters<
      OpenApiClient['callApi']
    >[2];
    await pace.claim();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<VendorFault>((resolve) => {
      timer = setTimeout(
        () => resolve(fault('unknown', 'timeout', `no answer within ${deadlineMs} ms`)),
        deadlineMs + 500,
      );
    });
    const sent = clientFor(ref.regionId)
      .callApi(params, new core.$OpenApiUtil.OpenApiRequest({ query }), runtime)
      .then(
        (answer): Answer => ({ ok: true, body: (answer.body ?? {}) as Record<string, unknown> }),
        (error: unknown) => {
          const broken = faultOf(error, ref);
          if (broken.code === 'InvalidCredentials') clients.delete(ref.regionId);
          return broken;
        },
      );
    try {
      return await Promise.race([sent, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async activeCaCertificate(ref) {
      const answer = await call('ActiveCaCertificate', 'POST', ref);
      if (!answer.ok) return answer;
      const { RequestId, Sn, Code } = answer.body;
      const requestId = typeof RequestId === 'string' ? RequestId : null;
      if (typeof Code === 'string') {
        return {
          ...fault(classify({ code: Code, httpStatus: 500 }), Code, 'an error in a 200'),
          httpStatus: 200,
          requestId,
        };
      }
      if (Sn !== ref.sn || requestId === null) {
        return {
          ...fault('unknown', 'other_sn', 'answered for another serial number'),
          httpStatus: 200,
          requestId,
        };
      }
      return { ok: true, requestId, httpStatus: 200 };
    },
    async getCaCertificate(ref) {
      const answer = await call('GetCaCertificate', 'GET', ref);
      if (!answer.ok) {
        // The vendor answers 500 (400 since its notice) for what simply is not there.
        if (notFound.has(answer.code) && answer.requestId !== null) {
          return { ok: true, requestId: answer.requestId, certificate: null };
        }
        return answer;
      }
      const { RequestId, Data } = answer.body as { RequestId?: unknown; Data?: Record<string, unknown> };
      if (typeof RequestId !== 'string' || typeof Data !== 'object' || Data.Sn !== ref.sn) {
        return fault('unknown', 'unreadable_answer', 'the answer is not about this certificate');
      }
      return { ok: true, requestId: RequestId, certificate: snapshotOf(Data, ref.sn) };
    },
  };
}

type Answer = { readonly ok: true; readonly body: Record<string, unknown> } | VendorFault;

function fault(faultClass: VendorFault['class'], code: string, message: string): VendorFault {
  return {
    ok: false,
    class: faultClass,
    code,
    message,
    httpStatus: null,
    requestId: null,
    retryAfterMs: null,
  };
}

interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  statusCode?: number;
  requestId?: string;
  retryAfter?: number;
  data?: { Message?: string };
}

/** What the SDK threw, as a fault; the message of a network fault is replaced, for it contains the whole URL. */
function faultOf(error: unknown, ref: CaCertificateRef): VendorFault {
  const { name, code, message, statusCode, requestId, retryAfter, data } = error as SdkError;
  if (statusCode !== undefined && code !== undefined) {
    return {
      ok: false,
      class: classify({ code, httpStatus: statusCode }),
      code,
      message: withoutTarget(data?.Message ?? message ?? '', ref),
      httpStatus: statusCode,
      requestId: requestId ?? null,
      retryAfterMs: retryAfter ?? null,
    };
  }
  const text = `${name ?? ''} ${code ?? ''} ${message ?? ''}`;
  if (/InvalidCredentials/.test(text))
    return fault('permanent', 'InvalidCredentials', 'no valid credentials');
  for (const sent of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']) {
    if (text.includes(sent)) return fault('transient', 'not_sent', `the request was not sent (${sent})`);
  }
  if (/timeout/i.test(text)) return fault('unknown', 'timeout', 'no answer in time');
  if (/ECONNRESET|socket hang up|aborted|EPIPE/.test(text)) {
    return fault('unknown', 'connection_reset', 'the connection was lost before an answer');
  }
  return fault('unknown', 'unreadable_answer', 'the answer could not be read');
}

function withoutTarget(message: string, ref: CaCertificateRef): string {
  return message
    .replace(/https?:\/\/\S+/g, '<url>')
    .replaceAll(ref.sn, '<sn>')
    .replaceAll(ref.mqttInstanceId, '<instance>')
    .slice(0, 512);
}

function snapshotOf(data: Record<string, unknown>, sn: string): CaCertificateSnapshot {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const time = (value: unknown) => (/^\d{1,15}$/.test(text(value)) ? isoTime(Number(value)) : null);
  const status = text(data.Status);
  const content = text(data.CaContent);
  return {
    sn,
    caName: text(data.CaName),
    status: status === '0' ? 'inactive' : status === '1' ? 'active' : status,
    validFrom: time(data.ValidBegin),
    validTo: time(data.ValidEnd),
    fingerprint: content === '' ? null : createHash('sha256').update(content).digest('hex'),
  };
}
