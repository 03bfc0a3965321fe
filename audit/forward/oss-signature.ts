import { createHash, createHmac } from 'node:crypto';
import type { StoreKey } from './s3-store.ts';

const algorithm = 'OSS4-HMAC-SHA256';

/**
 * A request's headers with OSS's signature of version 4. It covers the method, bucket and object, and the headers
 * `content-md5`, `content-type` and `x-oss-…`; the body by its MD5.
 *
 * @param request - `resource`: `/<bucket>/<object>`, of letters that need no escape; no query
 */
export function signOss(
  request: {
    readonly method: string;
    readonly resource: string;
    readonly headers: Readonly<Record<string, string>>;
  },
  key: StoreKey & { readonly region: string },
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-oss-date': time,
    'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    ...(key.securityToken === undefined ? {} : { 'x-oss-security-token': key.securityToken }),
  };
  const signed = Object.keys(headers)
    .filter((name) => name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5')
    .sort();
  const canonical = [
    request.method,
    request.resource,
    '',
    ...signed.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    '',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const parts = [time.slice(0, 8), key.region, 'oss', 'aliyun_v4_request'];
  const scope = parts.join('/');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const signingKey = parts.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `aliyun_v4${key.accessKeySecret}`,
  );
  const signature = createHmac('sha256', signingKey)
    .update([algorithm, time, scope, digest].join('\n'))
    .digest('hex');
  return {
    ...headers,
    authorization: `${algorithm} Credential=${key.accessKeyId}/${scope},Signature=${signature}`,
  };
}
