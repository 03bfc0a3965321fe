import { z } from 'zod';
import type { Operation } from './operation.ts';

const encoder = new TextEncoder();

function brokenRule(value: string, maxBytes: number): { rule: string; message: string } | null {
  if (value.length === 0) return { rule: 'required', message: 'must not be empty' };
  const bytes = encoder.encode(value).length;
  if (bytes > maxBytes)
    return { rule: 'max_bytes', message: `at most ${maxBytes} bytes of UTF-8, got ${bytes}` };
  if (!value.isWellFormed()) return { rule: 'well_formed', message: 'must be well-formed Unicode' };
  if (/\p{Cc}/u.test(value)) {
    return { rule: 'no_control_characters', message: 'must not contain control characters' };
  }
  if (value !== value.trim()) {
    return { rule: 'no_surrounding_blanks', message: 'must not start or end with a blank' };
  }
  return null;
}

/** A vendor identifier: bytes of UTF-8, no control characters, no surrounding blanks. */
function identifier(maxBytes: number, description: string) {
  return z
    .string()
    .check((ctx) => {
      const broken = brokenRule(ctx.value, maxBytes);
      if (broken) {
        ctx.issues.push({
          code: 'custom',
          input: ctx.value,
          message: broken.message,
          params: { rule: broken.rule },
        });
      }
    })
    .meta({ description, minLength: 1, maxLength: maxBytes });
}

/**
 * What ActiveCaCertificate needs: `sn` is at most 128 bytes (the vendor's page), an instance id looks like
 * `post-cn-7mz2d******`, a region like `cn-hangzhou`.
 */
export const activeCaCertificateInput = z.strictObject({
  regionId: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/)
    .max(64)
    .meta({ description: "The instance's region, such as cn-hangzhou." }),
  mqttInstanceId: identifier(128, 'The ApsaraMQ for MQTT instance that the CA certificate is bound to.'),
  sn: identifier(128, 'The serial number of the CA certificate, 1 to 128 bytes of UTF-8.'),
});

/** See {@link activeCaCertificateInput}. */
export type ActiveCaCertificateInput = z.infer<typeof activeCaCertificateInput>;

/** What was read of a certificate (GetCaCertificate) and is shown to the approver. No key material: the content only by fingerprint. */
export interface CaCertificateSnapshot {
  readonly [member: string]: string | null;
  readonly sn: string;
  readonly caName: string;
  /** `inactive`, `active`, or the vendor's own word when it is neither "0" nor "1". */
  readonly status: string;
  /** ISO 8601, or null where the vendor gave none. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** SHA-256 of the certificate's text (UTF-8), lower-case hex, or null when the vendor gave none. */
  readonly fingerprint: string | null;
}

/** ApsaraMQ for MQTT's ActiveCaCertificate: reactivates an inactive CA certificate, so that its devices connect again. */
export const activeCaCertificate: Operation<ActiveCaCertificateInput> = {
  name: 'ActiveCaCertificate',
  title: 'Reactivate an inactive CA certificate (ApsaraMQ for MQTT)',
  input: activeCaCertificateInput,
  target: ({ regionId, mqttInstanceId, sn }) =>
    [regionId, mqttInstanceId, sn].map((part) => encodeURIComponent(part)).join('/'),
  refusal(snapshot, now) {
    if (snapshot === null)
      return {
        code: 'target_not_found',
        message: 'the instance has no CA certificate with this serial number',
      };
    const { status, validTo } = snapshot as CaCertificateSnapshot;
    if (status === 'active')
      return { code: 'already_active', message: 'the CA certificate is active already' };
    if (status !== 'inactive')
      return { code: 'unknown_status', message: `the CA certificate has the status ${status}` };
    if (validTo !== null && Date.parse(validTo) <= now) {
      return { code: 'certificate_expired', message: `the CA certificate expired at ${validTo}` };
    }
    return null;
  },
  achieved: (snapshot) => snapshot.status === 'active',
  identity: (snapshot) =>
    Object.fromEntries(Object.entries(snapshot).filter(([member]) => member !== 'status')),
};
