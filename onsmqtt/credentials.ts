import { createRequire } from 'node:module';
import type Credentials from '@alicloud/credentials';
import type { Config } from '@alicloud/credentials';

const credentials = createRequire(import.meta.url)('@alicloud/credentials') as typeof Credentials & {
  Config: typeof Config;
};

/** A credential of the vendor's library. */
export type Credential = InstanceType<typeof credentials.default>;

/** A static key, with a token under STS. */
export interface StaticKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/**
 * The worker's credentials: a static key, or the vendor's default chain (environment, OIDC role, profile, ECS role,
 * URI). After all of the chain has failed it sticks to its last member, so call this anew then.
 */
export function createCredential(key: StaticKey | null): Credential {
  if (key === null) return new credentials.default();
  return new credentials.default(
    new credentials.Config({
      type: key.securityToken === undefined ? 'access_key' : 'sts',
      accessKeyId: key.accessKeyId,
      accessKeySecret: key.accessKeySecret,
      securityToken: key.securityToken,
    }),
  );
}
