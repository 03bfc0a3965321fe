import { describe, expect, test } from 'vitest';
import { classify } from '../../onsmqtt/classify.ts';
import type { FaultClass } from '../../domain/fault.ts';

const denied = [
  'PermissionCheckFailed',
  'MqttOwnerCheckError',
  'InstancePermissionCheckFailed',
  'ApiNotSupport',
];
const credential = [
  'SignatureDoesNotMatch',
  'SignatureNonceUsed',
  'IncompleteSignature',
  'InvalidAccessKeyId.NotFound',
  'InvalidAccessKeyId.Inactive',
  'InvalidTimeStamp.Expired',
  'InvalidTimeStamp.Format',
  'InvalidSecurityToken.Expired',
  'InvalidSecurityToken.Malformed',
  'InvalidSecurityToken.MismatchWithAccessKey',
  'MissingSecurityToken',
];
const doubtful = [
  'FindCaBySnError',
  'FindDeviceBySnError',
  'MqttInstanceNotFound',
  'ParameterFieldCheckFailed',
];
const throttling = [
  'SystemOverFlow',
  'Throttling',
  'Throttling.User',
  'Throttling.Api',
  'Request.Throttling',
];
const passing = ['InternalError', 'ServiceUnavailable'];
const unknown = ['SomethingNew', 'InvalidVersion', 'undefined'];

/** Every status that the vendor's page, its notice and its gateway are known to use. */
const statuses = [400, 403, 404, 405, 408, 409, 417, 429, 500, 502, 503, 504];

function each(codes: string[], at: number[], expected: FaultClass): [string, number, FaultClass][] {
  return codes.flatMap((code) => at.map((status): [string, number, FaultClass] => [code, status, expected]));
}
const at4xx = statuses.filter((status) => status < 500 && status !== 429);
const at5xx = statuses.filter((status) => status >= 500);

describe('a code and its status', () => {
  test.each([
    ...each(throttling, [200, ...statuses], 'throttled'),
    ...each(passing, statuses, 'transient'),
    ...each(denied, statuses, 'permanent'),
    ...each(credential, statuses, 'permanent'),
    ...each(doubtful, at5xx, 'doubtful'),
    ...each(doubtful, at4xx, 'permanent'),
    ...each(unknown, at5xx, 'transient'),
    ...each(unknown, at4xx, 'permanent'),
    ...each([...unknown, ...doubtful], [429], 'throttled'),
    ...each([...passing, ...denied, ...credential, ...doubtful, ...unknown], [200, 204, 302], 'unknown'),
  ])('%s at %i is %s', (code, httpStatus, expected) => {
    expect(classify({ kind: 'answer', code, httpStatus })).toBe(expected);
  });
});

test('the documented errors of the page, as they are and as the notice moves them', () => {
  const table: [string, number, FaultClass][] = [
    ['ParameterFieldCheckFailed', 400, 'permanent'],
    ['ParameterFieldCheckFailed', 500, 'doubtful'],
    ['FindCaBySnError', 500, 'doubtful'],
    ['FindCaBySnError', 400, 'permanent'],
    ['MqttInstanceNotFound', 500, 'doubtful'],
    ['MqttInstanceNotFound', 400, 'permanent'],
    ['PermissionCheckFailed', 403, 'permanent'],
    ['MqttOwnerCheckError', 403, 'permanent'],
    ['MqttOwnerCheckError', 500, 'permanent'],
    ['InternalError', 500, 'transient'],
    ['InternalError', 417, 'transient'],
    ['SystemOverFlow', 500, 'throttled'],
    ['SystemOverFlow', 403, 'throttled'],
    ['Throttling.User', 400, 'throttled'],
    ['Throttling.User', 429, 'throttled'],
    ['Throttling.User', 503, 'throttled'],
  ];
  for (const [code, httpStatus, expected] of table) {
    expect([code, httpStatus, classify({ kind: 'answer', code, httpStatus })]).toEqual([
      code,
      httpStatus,
      expected,
    ]);
  }
});

test('an error without a code is final only where nothing can have gone through', () => {
  const found = statuses.map((httpStatus) => [
    httpStatus,
    classify({ kind: 'answer', code: null, httpStatus }),
  ]);
  expect(Object.fromEntries(found)).toEqual({
    400: 'permanent',
    403: 'permanent',
    404: 'permanent',
    405: 'permanent',
    408: 'unknown',
    409: 'permanent',
    417: 'permanent',
    429: 'throttled',
    500: 'unknown',
    502: 'unknown',
    503: 'unknown',
    504: 'unknown',
  });
});

test.each([
  ['not_sent', 'transient'],
  ['invalid_input', 'permanent'],
  ['timeout', 'unknown'],
  ['connection_reset', 'unknown'],
  ['unreadable_answer', 'unknown'],
  ['other_sn', 'unknown'],
] as const)('%s is %s, whatever else is known', (kind, expected) => {
  expect(classify({ kind, code: null, httpStatus: null })).toBe(expected);
  expect(classify({ kind, code: 'PermissionCheckFailed', httpStatus: 403 })).toBe(expected);
});
