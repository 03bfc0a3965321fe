import type OpenApiCore from '@alicloud/openapi-core';
import { $OpenApiUtil, OpenApiUtil } from '@alicloud/openapi-core';
import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { request } from 'node:http';
import type { RunningSimulator } from '../../simulator/server.ts';

// The package is CommonJS, and Node and Vitest wrap its default export differently: loaded by require, it is the same.
const { default: Client } = createRequire(import.meta.url)('@alicloud/openapi-core') as typeof OpenApiCore;

export const INSTANCE = 'post-cn-7mz2d00001';
export const SN = '007269004887000001';
export const ACCESS_KEY = 'sim-access-key';
export const SECRET = 'sim-secret';

export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken?: string;
}

export interface VendorAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export interface CallOptions {
  method?: 'GET' | 'POST';
  version?: string;
  credentials?: Credentials;
  timeoutMs?: number;
}

/** Calls an action with the vendor's own SDK core. */
export async function call(
  simulator: Pick<RunningSimulator, 'port'>,
  action: string,
  query: Record<string, string>,
  options: CallOptions = {},
): Promise<VendorAnswer> {
  const credentials = options.credentials ?? { accessKeyId: ACCESS_KEY, accessKeySecret: SECRET };
  const client = new Client(
    new $OpenApiUtil.Config({ ...credentials, endpoint: `127.0.0.1:${simulator.port}`, protocol: 'HTTP' }),
  );
  const params = new $OpenApiUtil.Params({
    action,
    version: options.version ?? '2020-04-20',
    protocol: 'HTTPS',
    pathname: '/',
    method: options.method ?? (/^(Get|List)/.test(action) ? 'GET' : 'POST'),
    authType: 'AK',
    style: 'RPC',
    reqBodyType: 'formData',
    bodyType: 'json',
  });
  const timeout = options.timeoutMs ?? 30_000;
  const runtime: unknown = { readTimeout: timeout, connectTimeout: timeout };
  const answer = await client.callApi(
    params,
    new $OpenApiUtil.OpenApiRequest({ query }),
    runtime as Parameters<typeof client.callApi>[2],
  );
  return answer as unknown as VendorAnswer;
}

/** What the SDK throws, for comparison field by field. */
export interface VendorFailure {
  name: string;
  code: string | undefined;
  statusCode: number | undefined;
  requestId: string | undefined;
  retryAfter: number | undefined;
  message: string;
}

/** Calls an action that must fail, and gives what the SDK threw. */
export async function failure(...parameters: Parameters<typeof call>): Promise<VendorFailure> {
  try {
    await call(...parameters);
  } catch (error) {
    return error as VendorFailure;
  }
  throw new Error(`expected ${parameters[1]} to fail, but it succeeded`);
}

export interface SignedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface SignOptions {
  method?: string;
  pathname?: string;
  query?: Record<string, string>;
  form?: Record<string, string>;
  headers?: Record<string, string>;
  credentials?: Credentials;
  date?: Date;
}

/** A request signed by the vendor's code but not sent yet, so that a test can alter it. */
export function sign(port: number, action: string, options: SignOptions = {}): SignedRequest {
  const { query = {}, form, credentials = { accessKeyId: ACCESS_KEY, accessKeySecret: SECRET } } = options;
  const method = options.method ?? 'POST';
  const body = form === undefined ? '' : new URLSearchParams(form).toString();
  const contentHash = OpenApiUtil.hash(Buffer.from(body), 'ACS3-HMAC-SHA256').toString('hex');
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    'x-acs-action': action,
    'x-acs-version': '2020-04-20',
    'x-acs-date': (options.date ?? new Date()).toISOString().replace(/\.\d+Z$/, 'Z'),
    'x-acs-signature-nonce': OpenApiUtil.getNonce(),
    'x-acs-content-sha256': contentHash,
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(credentials.securityToken === undefined ? {} : { 'x-acs-security-token': credentials.securityToken }),
    ...options.headers,
  };
  const pathname = options.pathname ?? '/';
  const toSign = { method, pathname, query, headers } as unknown as Parameters<
    typeof OpenApiUtil.getAuthorization
  >[0];
  headers['authorization'] = OpenApiUtil.getAuthorization(
    toSign,
    'ACS3-HMAC-SHA256',
    contentHash,
    credentials.accessKeyId,
    credentials.accessKeySecret,
  );
  const search = new URLSearchParams(query).toString();
  return { method, path: search === '' ? pathname : `${pathname}?${search}`, headers, body };
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request exactly as given, without an agent. */
export async function sendRaw(port: number, signed: SignedRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = signed;
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The code of a vendor error body. */
export function codeOf(answer: RawAnswer): unknown {
  return (JSON.parse(answer.body) as { Code?: unknown }).Code;
}

/** Opens a role session whose inline policy allows these RAM actions on {@link INSTANCE} alone. */
export async function assumeRole(
  simulator: Pick<RunningSimulator, 'port'>,
  actions: readonly string[],
): Promise<Credentials> {
  const statement = { Effect: 'Allow', Action: actions, Resource: `acs:mq:*:*:${INSTANCE}` };
  const form = {
    RoleArn: 'acs:ram::1234567890123456:role/countersign-worker',
    RoleSessionName: 'family',
    Policy: JSON.stringify({ Version: '1', Statement: [statement] }),
  };
  const headers = { 'x-acs-version': '2015-04-01' };
  const answer = await sendRaw(simulator.port, sign(simulator.port, 'AssumeRole', { form, headers }));
  type Opened = { Credentials: { AccessKeyId: string; AccessKeySecret: string; SecurityToken: string } };
  const { Credentials: key } = JSON.parse(answer.body) as Opened;
  return {
    accessKeyId: key.AccessKeyId,
    accessKeySecret: key.AccessKeySecret,
    securityToken: key.SecurityToken,
  };
}
