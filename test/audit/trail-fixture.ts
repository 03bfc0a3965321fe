import { writeFile } from 'node:fs/promises';
import type { EntryBody } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { freshPath } from './pack-file.ts';

/** An event as ActionTrail delivers it: members as in the vendor's page of the structure of management events. */
export function trailEvent(more: { readonly [member: string]: unknown } = {}): Record<string, unknown> {
  const requestId = (more['requestId'] as string | undefined) ?? 'R-0';
  return {
    apiVersion: '2020-04-20',
    requestId,
    eventType: 'ApiCall',
    userIdentity: {
      accessKeyId: 'LTAI-worker',
      accountId: '159498693826',
      principalId: '2389026010022',
      type: 'ram-user',
      userName: 'countersign-worker',
    },
    acsRegion: 'cn-hangzhou',
    eventName: 'ActiveCaCertificate',
    requestParameters: { MqttInstanceId: 'post-cn-test00001', Sn: 'SN-1', RegionId: 'cn-hangzhou' },
    eventSource: 'onsmqtt.cn-hangzhou.aliyuncs.com',
    serviceName: 'OnsMqtt',
    eventTime: '2026-11-24T01:00:05Z',
    userAgent: 'AlibabaCloud (Linux; x86_64)',
    eventId: requestId,
    errorCode: '',
    errorMessage: '',
    eventVersion: '1',
    sourceIpAddress: '192.168.0.7',
    ...more,
  };
}

/** Whose session a call has. */
export function sessionOf(changeId: string): Record<string, string> {
  const name = changeId.replaceAll('-', '');
  return {
    accessKeyId: 'STS.key-of-one-session',
    accountId: '159498693826',
    principalId: `34359792600393:${name}`,
    type: 'assumed-role',
    userName: `countersign-worker:${name}`,
  };
}

/** The event of an attempt's end, as an honest cloud tells it. */
export function eventOf(end: EntryBody, more: object = {}): Record<string, unknown> {
  const { requestId, code } = end.attempt as JsonObject;
  return trailEvent({
    requestId,
    eventTime: end.time.replace(/\.\d+Z$/, 'Z'),
    errorCode: end.type === 'attempt.succeeded' ? '' : code,
    ...more,
  });
}

/** Writes a trail as it is delivered to OSS, before it is packed: one array. */
export async function trailFile(content: readonly object[] | string | Buffer): Promise<string> {
  const path = await freshPath('trail.json');
  await writeFile(
    path,
    typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
  );
  return path;
}
