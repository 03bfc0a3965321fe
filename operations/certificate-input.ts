import { z } from 'zod';
import { identifierFault } from '../domain/text-fault.ts';

const encoder = new TextEncoder();

function brokenRule(value: string, maxBytes: number): { rule: string; message: string } | null {
  if (value.length === 0) return { rule: 'required', message: 'must not be empty' };
  const bytes = encoder.encode(value).length;
  if (bytes > maxBytes)
    return { rule: 'max_bytes', message: `at most ${maxBytes} bytes of UTF-8, got ${bytes}` };
  const fault = identifierFault(value);
  if (fault) return fault;
  if (value !== value.trim()) {
    return { rule: 'no_surrounding_blanks', message: 'must not start or end with a blank' };
  }
  return null;
}

/** A vendor identifier: bytes of UTF-8, nothing in it that cannot be seen, no surrounding blanks. */
function identifier(maxBytes: number, title: string, description: string) {
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
    .meta({ title, description, minLength: 1, maxLength: maxBytes });
}

/** The vendor's limit of a serial number, in bytes of UTF-8 (the page of ActiveCaCertificate). */
const serialNumber = (of: string, more = '') =>
  identifier(
    128,
    `Serial number of the ${of}`,
    `The serial number of the ${of}${more}, 1 to 128 bytes of UTF-8.`,
  );

/** Where every certificate is: an instance id looks like `post-cn-7mz2d******`, a region like `cn-hangzhou`. */
const instance = (bound: string) => ({
  regionId: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/)
    .max(64)
    .meta({ title: 'Region', description: "The instance's region, such as cn-hangzhou." }),
  mqttInstanceId: identifier(
    128,
    'Instance',
    `The ApsaraMQ for MQTT instance that the ${bound} is bound to.`,
  ),
});

/** What an operation on a CA certificate needs. */
export const caCertificateInput = z.strictObject({
  ...instance('CA certificate'),
  sn: serialNumber('CA certificate'),
});

/** What an operation on a device certificate needs. */
export const deviceCertificateInput = z.strictObject({
  ...instance('CA certificate'),
  caSn: serialNumber('CA certificate', ' that issued the device certificate'),
  deviceSn: serialNumber('device certificate'),
});

/** Which CA certificate. */
export type CaCertificateInput = z.infer<typeof caCertificateInput>;
/** Which device certificate. */
export type DeviceCertificateInput = z.infer<typeof deviceCertificateInput>;
