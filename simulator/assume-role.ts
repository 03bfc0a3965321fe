import type { Incoming } from './incoming.ts';
import type { KeyRing } from './key-ring.ts';
import { parseRamPolicy } from './ram-policy.ts';
import { VendorError } from './vendor-error.ts';

/** Version of the vendor's STS interface. */
export const STS_VERSION = '2015-04-01';

const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;

function seconds(text: string | undefined): number {
  const value = text === undefined ? 3600 : Number(text);
  if (!Number.isInteger(value) || value < MIN_SECONDS || value > MAX_SECONDS) {
    throw new VendorError('InvalidParameter.DurationSeconds');
  }
  return value;
}

/**
 * STS AssumeRole: opens a role session and answers its temporary key. Whether the caller may assume the role is not
 * checked; the inline policy is, on every call that the session makes.
 *
 * @throws VendorError InvalidParameter.RoleArn, .RoleSessionName, .DurationSeconds, .PolicyGrammar, UnsupportedHTTPMethod
 */
export function assumeRole(
  incoming: Incoming,
  parameters: Readonly<Record<string, string>>,
  context: { readonly keys: KeyRing; readonly now: number },
): Record<string, unknown> {
  if (incoming.method !== 'POST' && incoming.method !== 'GET') throw new VendorError('UnsupportedHTTPMethod');
  const roleArn = parameters['RoleArn'] ?? '';
  const role = /^acs:ram::(\d+):role\/([A-Za-z0-9.-]{1,64})$/.exec(roleArn);
  if (role === null) throw new VendorError('InvalidParameter.RoleArn');
  const roleSessionName = parameters['RoleSessionName'] ?? '';
  if (!/^[A-Za-z0-9.@_-]{2,64}$/.test(roleSessionName))
    throw new VendorError('InvalidParameter.RoleSessionName');
  const policy = parameters['Policy'];
  if (policy !== undefined && parseRamPolicy(policy) === undefined) {
    throw new VendorError('InvalidParameter.PolicyGrammar');
  }
  const expiresAt = context.now + seconds(parameters['DurationSeconds']) * 1000;
  const key = context.keys.issue({ roleArn, roleSessionName, policy }, expiresAt);
  return {
    AssumedRoleUser: {
      Arn: `acs:ram::${role[1] ?? ''}:role/${role[2] ?? ''}/${roleSessionName}`,
      AssumedRoleId: `3${'0'.repeat(17)}:${roleSessionName}`,
    },
    Credentials: {
      AccessKeyId: key.accessKeyId,
      AccessKeySecret: key.secret,
      SecurityToken: key.temporary.securityToken,
      Expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  };
}
