import { createRequire } from 'node:module';
import type Credentials from '@alicloud/credentials';
import type { Config } from '@alicloud/credentials';

// The package is CommonJS, and Node and bundlers wrap its default export differently: loaded by require, it is the same.
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
 * The worker's credentials: a static key, or the vendor's default chain (environment, OIDC role, CLI profile, credentials
 * file, ECS role, URI), which reads the environment itself. After all of the chain has failed it sticks to its last member;
 * {@link createKeySource} makes another then.
 *
 * @throws the library's error when a part of the static key is empty
 */
export function createCredential(key: StaticKey | null): Credential {
  if (key === null) return new credentials.default();
  return credentialWith({ type: key.securityToken === undefined ? 'access_key' : 'sts', ...key });
}

/** A credential of the type that the configuration names. @throws the library's error when a part of it is missing */
export function credentialWith(config: Partial<Config>): Credential {
  return new credentials.default(new credentials.Config(config));
}

/** Keys for calls, one at a time. */
export interface KeySource {
  /**
   * The key as it is now; a temporary one is renewed before it ends.
   * @throws whatever the credential or its making threw, which may tell of files and URLs: not for the log
   */
  current(): Promise<StaticKey>;
  /** Has the next call make its credential anew. */
  forget(): void;
}

/**
 * Takes keys from a credential and makes that anew after it failed. Callers that come together share one look-up: while
 * the default chain is still looking, it would send the second caller to whichever member it is just trying.
 */
export function createKeySource(make: () => Credential): KeySource {
  let credential: Credential | null = null;
  let lookUp: Promise<StaticKey> | null = null;

  async function look(): Promise<StaticKey> {
    credential ??= make();
    const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential();
    if (!accessKeyId || !accessKeySecret) throw new Error('expected an access key, got none');
    return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) };
  }

  return {
    current() {
      if (lookUp !== null) return lookUp;
      const mine = look();
      lookUp = mine;
      const end = (failed: boolean) => {
        if (lookUp !== mine) return;
        lookUp = null;
        if (failed) credential = null;
      };
      mine.then(
        () => end(false),
        () => end(true),
      );
      return mine;
    },
    forget() {
      credential = null;
      lookUp = null;
    },
  };
}
