import { credentialWith } from './credentials.ts';
import type { StaticKey } from './credentials.ts';
import type { VendorRequest } from './port.ts';

/** A RAM role that the worker's own key may assume. */
export interface SessionRole {
  /** `acs:ram::<account>:role/<name>`. */
  readonly arn: string;
  /** Host of the STS endpoint, reached over HTTPS, such as `sts.aliyuncs.com`. */
  readonly stsHost: string;
}

/** One call, for which a session is opened. */
export interface SessionUse {
  /** A UUID: without its dashes, the session's name. */
  readonly changeId: string;
  /** The one action that it may do, by its name in RAM policies, such as `mq:ActiveCaCertificate`. */
  readonly ramAction: string;
  readonly instance: Pick<VendorRequest, 'regionId' | 'mqttInstanceId'>;
}

/** The shortest there is. */
const sessionSeconds = 900;

/**
 * A key of a session of its own (AssumeRole of STS, 2015-04-01, by the vendor's library): it may do this action on this
 * instance for 15 min and nothing else, and the cloud's own trail names it `<role>:<change id without dashes>`.
 *
 * @param key - whose session it is
 * @throws whatever the library threw, which has STS' answer in it: not for the log; {@link sessionRefusal} is
 */
export async function openRoleSession(
  { arn, stsHost }: SessionRole,
  key: StaticKey,
  use: SessionUse,
): Promise<StaticKey> {
  const credential = credentialWith({
    type: 'ram_role_arn',
    ...key,
    roleArn: arn,
    roleSessionName: use.changeId.replaceAll('-', ''),
    roleSessionExpiration: sessionSeconds,
    policy: sessionPolicy(arn, use),
    stsEndpoint: stsHost,
  });
  const { accessKeyId, accessKeySecret, securityToken } = await credential.getCredential();
  if (!accessKeyId || !accessKeySecret || !securityToken)
    throw new Error('expected a temporary key, got none');
  return { accessKeyId, accessKeySecret, securityToken };
}

/** Whether an instance can be named in a policy: nothing in its id that a policy would read as a pattern or a variable. */
export function hasPolicyName({ mqttInstanceId }: SessionUse['instance']): boolean {
  return /^[\w.-]+$/.test(mqttInstanceId);
}

/** The code by which STS refused a session, such as `NoPermission`, or null where none is known. */
export function sessionRefusal(error: unknown): string | null {
  // The one code that the library tells in words of its own.
  if (error instanceof Error && error.message === 'the access key secret is invalid')
    return 'SignatureDoesNotMatch';
  return (
    /"Code"\s*:\s*"([A-Za-z][\w.]{0,99})"/.exec(error instanceof Error ? error.message : '')?.[1] ?? null
  );
}

/** The session's inline policy: the action and the one it depends on (the vendor's page), on one instance of the role's account. */
function sessionPolicy(roleArn: string, { ramAction, instance }: SessionUse): string {
  const account = roleArn.split(':')[3] ?? '';
  const statement = {
    Effect: 'Allow',
    Action: [ramAction, 'mq:MqttInstanceAccess'],
    Resource: `acs:mq:${instance.regionId}:${account}:${instance.mqttInstanceId}`,
  };
  return JSON.stringify({ Version: '1', Statement: [statement] });
}
