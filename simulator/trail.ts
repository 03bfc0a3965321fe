import { createHash } from 'node:crypto';
import type { CallRecord } from './call-log.ts';
import { STS_VERSION } from './assume-role.ts';

/** The one account that all keys belong to; of a role session, the account of the role. */
const ACCOUNT_ID = '1000000000000001';

/** A call as ActionTrail tells of it (management event, `eventVersion` 1), as far as its documentation says. */
export interface TrailEvent {
  readonly eventId: string;
  readonly eventVersion: '1';
  readonly eventTime: string;
  readonly requestId: string;
  readonly errorCode: string;
  readonly userIdentity: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

/**
 * The event of a call. Null where nobody was recognized: then there is no account whose trail could have it.
 *
 * @param regionId - the region that is played
 */
export function trailEvent(call: CallRecord, regionId: string): TrailEvent | null {
  if (call.accessKeyId === null) return null;
  const isSts = call.version === STS_VERSION;
  const host = isSts ? `sts.${regionId}.aliyuncs.com` : `onsmqtt.${regionId}.aliyuncs.com`;
  return {
    eventId: call.requestId,
    eventVersion: '1',
    eventCategory: 'Management',
    eventType: 'ApiCall',
    eventRW: /^(Get|List)/.test(call.action) ? 'Read' : 'Write',
    eventName: call.action,
    eventSource: host,
    // Whole seconds, as in the vendor's examples.
    eventTime: new Date(Math.floor(call.time / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
    serviceName: isSts ? 'Sts' : 'OnsMqtt',
    apiVersion: call.version,
    acsRegion: regionId,
    requestId: call.requestId,
    requestParameters: { ...call.parameters, RegionId: regionId, AcsHost: host },
    errorCode: call.code ?? '',
    errorMessage: call.code ?? '',
    sourceIpAddress: '127.0.0.1',
    userAgent: call.userAgent,
    userIdentity: identityOf(call.accessKeyId, call.session),
  };
}

function identityOf(accessKeyId: string, session: CallRecord['session']): TrailEvent['userIdentity'] {
  if (session === null) {
    const userName = `user-of-${accessKeyId}`;
    return {
      type: 'ram-user',
      accountId: ACCOUNT_ID,
      principalId: idOf('2', accessKeyId),
      userName,
      accessKeyId,
    };
  }
  const [, account = ACCOUNT_ID, role = ''] = /^acs:ram::(\d+):role\/(.+)$/.exec(session.roleArn) ?? [];
  return {
    type: 'assumed-role',
    accountId: account,
    principalId: `${idOf('3', session.roleArn)}:${session.roleSessionName}`,
    userName: `${role}:${session.roleSessionName}`,
    accessKeyId,
  };
}

/** An id of 18 digits, always the same for a name. */
function idOf(first: string, name: string): string {
  const digits = BigInt(`0x${createHash('sha256').update(name).digest('hex')}`).toString();
  return `${first}${digits.slice(0, 17)}`;
}
