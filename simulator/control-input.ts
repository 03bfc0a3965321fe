import { ACTIONS } from './actions.ts';
import type { Certificate, DeviceCertificate, KeptCertificate } from './certificate.ts';
import type { CertificateStore } from './certificate-store.ts';
import { FAULT_KINDS } from './fault.ts';
import type { Fault } from './fault.ts';
import { FieldReader, defined } from './fields.ts';
import type { FieldError } from './fields.ts';
import { MAX_SN_BYTES } from './parameters.ts';
import type { Denial, Settings } from './settings.ts';

// A misspelt action would match no call, and its line would do nothing.
const PRODUCT_ACTIONS = [...ACTIONS.keys()];
const ACTION_NAMES = [...PRODUCT_ACTIONS, 'AssumeRole'];

function readTime(reader: FieldReader, name: string): string | undefined {
  const value = reader.raw(name);
  if (value === undefined) return undefined;
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  if (/^\d{1,15}$/.test(text)) return text;
  reader.fail(name, 'must be Unix milliseconds, as a string or a number');
  return undefined;
}

function deviceFields(reader: FieldReader): DeviceCertificate {
  return defined({
    deviceSn: reader.string('deviceSn', { maxBytes: MAX_SN_BYTES, required: true }) ?? '',
    deviceName: reader.string('deviceName'),
    status: reader.string('status'),
    validBegin: readTime(reader, 'validBegin'),
    validEnd: readTime(reader, 'validEnd'),
    deviceContent: reader.string('deviceContent', { allowEmpty: true }),
  });
}

function readDevice(value: unknown, path: string, errors: FieldError[]): DeviceCertificate {
  const reader = new FieldReader(value, path, errors);
  const device = deviceFields(reader);
  reader.end();
  return device;
}

/**
 * Reads one device certificate of `PUT /_sim/device-certificates`, which names its CA certificate; broken rules go to
 * `errors`. A CA certificate that is not in the store breaks a rule: the answer is `undefined` then.
 */
export function readPlacedDevice(
  value: unknown,
  path: string,
  errors: FieldError[],
  certificates: CertificateStore,
): { readonly ca: KeptCertificate; readonly device: DeviceCertificate } | undefined {
  const reader = new FieldReader(value, path, errors);
  const mqttInstanceId = reader.string('mqttInstanceId', { required: true });
  const caSn = reader.string('caSn', { maxBytes: MAX_SN_BYTES, required: true });
  const device = deviceFields(reader);
  reader.end();
  if (mqttInstanceId === undefined || caSn === undefined) return undefined;
  const ca = certificates.find(mqttInstanceId, caSn);
  if (ca !== undefined) return { ca, device };
  reader.fail('caSn', 'must be a CA certificate of the instance; put it first');
  return undefined;
}

/** Reads one certificate of `PUT /_sim/certificates`; broken rules go to `errors`. */
export function readCertificate(value: unknown, path: string, errors: FieldError[]): Certificate {
  const reader = new FieldReader(value, path, errors);
  const certificate = defined({
    mqttInstanceId: reader.string('mqttInstanceId', { required: true }) ?? '',
    sn: reader.string('sn', { maxBytes: MAX_SN_BYTES, required: true }) ?? '',
    caName: reader.string('caName'),
    status: reader.string('status'),
    validBegin: readTime(reader, 'validBegin'),
    validEnd: readTime(reader, 'validEnd'),
    caContent: reader.string('caContent', { allowEmpty: true }),
    registrationCode: reader.string('registrationCode', { allowEmpty: true }),
    verificationContent: reader.string('verificationContent', { allowEmpty: true }),
    deviceCertificates: reader.list('deviceCertificates', (item, at) => readDevice(item, at, errors)),
  });
  reader.end();
  return certificate;
}

/** Reads one line of `POST /_sim/faults`; broken rules go to `errors`. */
export function readFault(value: unknown, path: string, errors: FieldError[]): Fault {
  const reader = new FieldReader(value, path, errors);
  const given = defined({
    action: reader.oneOf('action', ACTION_NAMES),
    mqttInstanceId: reader.string('mqttInstanceId'),
    sn: reader.string('sn', { maxBytes: MAX_SN_BYTES }),
    deviceSn: reader.string('deviceSn', { maxBytes: MAX_SN_BYTES }),
    status: reader.integer('status', 200, 599),
    code: reader.string('code'),
    message: reader.string('message', { allowEmpty: true }),
    delayMs: reader.integer('delayMs', 0, 3_600_000),
    retryAfterMs: reader.integer('retryAfterMs', 0, 3_600_000),
  });
  const answerIsGiven = given.status ?? given.code ?? given.message ?? given.retryAfterMs;
  const kind = reader.oneOf('kind', FAULT_KINDS);
  const times = reader.integer('times', 1, 1_000_000) ?? 1;
  reader.end();
  // A bare delay means a slow service, not a failing one.
  const implied = given.delayMs !== undefined && answerIsGiven === undefined ? 'pass' : 'error';
  return { ...given, kind: kind ?? implied, times };
}

function readDenial(value: unknown, path: string, errors: FieldError[]): Denial {
  const reader = new FieldReader(value, path, errors);
  const denial = defined({
    action: reader.oneOf('action', PRODUCT_ACTIONS),
    accessKeyId: reader.string('accessKeyId'),
    mqttInstanceId: reader.string('mqttInstanceId'),
  });
  reader.end();
  return denial;
}

/** Reads the body of `PUT /_sim/settings`: only what is given changes. */
export function readSettings(value: unknown, errors: FieldError[]): Partial<Settings> {
  const reader = new FieldReader(value, '', errors);
  const settings = defined({
    callsPerSecond: reader.integer('callsPerSecond', 1, 1_000_000),
    movedStatuses: reader.boolean('movedStatuses'),
    foreignInstances: reader.strings('foreignInstances'),
    emptyInstances: reader.strings('emptyInstances'),
    denied: reader.list('denied', (item, path) => readDenial(item, path, errors)),
  });
  reader.end();
  return settings;
}

/** Reads a body that may be one item or a list of them. */
export function readOneOrMany<Item>(
  value: unknown,
  errors: FieldError[],
  read: (value: unknown, path: string, errors: FieldError[]) => Item,
): Item[] {
  if (!Array.isArray(value)) return [read(value, '', errors)];
  return (value as unknown[]).map((item, index) => read(item, `[${index}]`, errors));
}
