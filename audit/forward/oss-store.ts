import { isLoopback } from '../../domain/loopback.ts';
import type { ObjectStore } from './object-place.ts';
import { signOss } from './oss-signature.ts';
import type { StoreAddress, StoreKey } from './s3-store.ts';

/**
 * Alibaba Cloud OSS: signature version 4, `x-oss-forbid-overwrite`, object-level retention (ObjectWorm) in compliance mode.
 * The bucket is a part of the host's name, on loopback of the path.
 */
export function ossStore(address: StoreAddress, key: () => Promise<StoreKey>): ObjectStore {
  const { bucket, prefix, region, endpoint = `https://oss-${region}.aliyuncs.com` } = address;
  const { protocol, host, hostname } = new URL(endpoint);
  const base = isLoopback(hostname) ? `${protocol}//${host}/${bucket}` : `${protocol}//${bucket}.${host}`;
  const objectOf = (path: string): string => [prefix, path].filter(Boolean).join('/');
  return {
    name: `oss://${[bucket, prefix].filter(Boolean).join('/')}`,
    urlOf: (path) => `${base}/${objectOf(path)}`,
    createOnly: { 'x-oss-forbid-overwrite': 'true' },
    // OSS passes over the header where the bucket has versions; there the earlier one stays.
    looksFirst: true,
    isTaken: (status, code) => status === 409 && code === 'FileAlreadyExists',
    lock: (until) => ({
      'x-oss-object-worm-mode': 'COMPLIANCE',
      // To the second.
      'x-oss-object-worm-retain-until-date': until.toISOString().replace(/\.\d{3}Z$/, '.000Z'),
    }),
    async sign({ method, url, headers }) {
      const object = new URL(url).pathname.slice(1).replace(isLoopback(hostname) ? `${bucket}/` : '', '');
      const resource = `/${bucket}/${object}`;
      return signOss({ method, resource, headers }, { ...(await key()), region }, new Date());
    },
  };
}
