import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import type { ObjectStore } from './object-place.ts';

/** An access key, with a token where it is a temporary one. */
export interface StoreKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/** Where objects go. */
export interface StoreAddress {
  readonly bucket: string;
  /** Without slashes at its ends; empty for none. */
  readonly prefix: string;
  readonly region: string;
  /** A URL; without it, the vendor's own of the region. */
  readonly endpoint?: string | undefined;
}

/**
 * Amazon S3, or a store that speaks its protocol: signature version 4, `If-None-Match`, object lock in compliance mode. The
 * bucket is a part of the path where an endpoint is given, as all stores of the kind understand it.
 */
export function s3Store(address: StoreAddress, key: () => Promise<StoreKey>): ObjectStore {
  const { bucket, prefix, region, endpoint } = address;
  const base =
    endpoint === undefined
      ? `https://${bucket}.s3.${region}.amazonaws.com`
      : `${endpoint.replace(/\/$/, '')}/${bucket}`;
  return {
    name: `s3://${[bucket, prefix].filter(Boolean).join('/')}`,
    urlOf: (path) => [base, prefix, path].filter(Boolean).join('/'),
    createOnly: { 'if-none-match': '*' },
    looksFirst: false,
    isTaken: (status) => status === 412,
    lock: (until) => ({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': until.toISOString(),
    }),
    async sign({ method, url, headers, body }) {
      const { accessKeyId, accessKeySecret, securityToken } = await key();
      const hash = createHash('sha256')
        .update(body ?? '')
        .digest('hex');
      const signed = await new AwsV4Signer({
        ...{ method, url, service: 's3', region, accessKeyId, secretAccessKey: accessKeySecret },
        ...(securityToken === undefined ? {} : { sessionToken: securityToken }),
        headers: { ...headers, 'x-amz-content-sha256': hash },
      }).sign();
      return Object.fromEntries(signed.headers);
    },
  };
}
