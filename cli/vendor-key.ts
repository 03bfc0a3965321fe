import type { StaticKey } from '../onsmqtt/credentials.ts';
import type { SessionRole } from '../onsmqtt/role-session.ts';
import type { Environment } from './environment.ts';

/** The access key that the environment gives, or null for the vendor's default chain. */
export function vendorKey(env: Environment): StaticKey | null {
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret } = env;
  if (accessKeyId === undefined || accessKeySecret === undefined) return null;
  const securityToken = env.ALIBABA_CLOUD_SECURITY_TOKEN;
  return { accessKeyId, accessKeySecret, ...(securityToken === undefined ? {} : { securityToken }) };
}

/** The role whose sessions make calls, where the environment names one. */
export function sessionRole(env: Environment): SessionRole | undefined {
  const { COUNTERSIGN_ROLE_ARN: arn, COUNTERSIGN_STS_ENDPOINT: sts } = env;
  if (arn === undefined) return undefined;
  return { arn, stsHost: new URL(sts).host };
}
