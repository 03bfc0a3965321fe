import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A role session, as AssumeRole opened it. */
export interface RoleSession {
  readonly roleArn: string;
  readonly roleSessionName: string;
  /** Inline policy that narrows the session, as sent. */
  readonly policy: string | undefined;
}

/** An access key that may sign: a configured one, or a temporary one of a role session. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly temporary?: {
    readonly securityToken: string;
    /** Unix milliseconds. */
    readonly expiresAt: number;
    readonly session: RoleSession;
  };
}

const MAX_TEMPORARY_KEYS = 10_000;

/** Compares two strings in a time that does not depend on where they differ. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** The account's access keys. All of them, temporary ones too, belong to one account. */
export class KeyRing {
  readonly #configured: ReadonlyMap<string, string>;
  readonly #temporary = new Map<string, AccessKey>();

  constructor(accessKeys: Readonly<Record<string, string>>) {
    this.#configured = new Map(Object.entries(accessKeys));
  }

  /** The key of this id, expired temporary ones included, or `undefined`. */
  find(accessKeyId: string): AccessKey | undefined {
    const secret = this.#configured.get(accessKeyId);
    return secret === undefined ? this.#temporary.get(accessKeyId) : { accessKeyId, secret };
  }

  /** Makes a temporary key; the oldest is forgotten when there are more than ten thousand. */
  issue(session: RoleSession, expiresAt: number): Required<AccessKey> {
    const key = {
      accessKeyId: `STS.${randomBytes(12).toString('hex')}`,
      secret: randomBytes(24).toString('base64url'),
      temporary: { securityToken: randomBytes(48).toString('base64url'), expiresAt, session },
    };
    this.#temporary.set(key.accessKeyId, key);
    const oldest = this.#temporary.keys().next();
    if (this.#temporary.size > MAX_TEMPORARY_KEYS && oldest.done !== true)
      this.#temporary.delete(oldest.value);
    return key;
  }
}
