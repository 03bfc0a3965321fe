import type { JsonObject } from '../domain/json.ts';
import type { Target } from '../domain/target.ts';
import { caCertificateScope, caCertificateTarget } from './ca-certificate.ts';
import { deviceCertificateScope, deviceCertificateTarget } from './device-certificate.ts';

/** Operations whose inputs have the same schema, and one target each. */
interface Family {
  readonly names: readonly string[];
  readonly version: string;
  /** Of the input's schema, as a change pins it; with those of earlier releases. */
  readonly inputSchemaDigests: readonly string[];
  /** The members of the input, which are those of the target's scope. */
  readonly members: readonly string[];
  readonly target: (input: never) => Target;
}

/** The targets of the bundled operations without their schemas: the verifier is one file, and zod would be most of it. */
const families: readonly Family[] = [
  {
    names: ['ActiveCaCertificate', 'InactivateCaCertificate'],
    version: '1',
    inputSchemaDigests: ['6c7a990270333b579dff88993e4e97825f6c13ef01af11d23e07b5118a4a4335'],
    members: caCertificateScope,
    target: caCertificateTarget,
  },
  {
    names: ['ActiveDeviceCertificate', 'InactivateDeviceCertificate'],
    version: '1',
    inputSchemaDigests: ['6c094036537d0189ea9b8805cc705c495fbae11edf512cb781129af271846493'],
    members: deviceCertificateScope,
    target: deviceCertificateTarget,
  },
];

/**
 * How a bundled operation makes the target of an input, by what a change pins of it; undefined where it is none of these.
 * The function throws TypeError for an input with other members than texts of the operation's.
 */
export function bundledTarget(
  name: string,
  version: string,
  inputSchemaDigest: string,
): ((input: JsonObject) => Target) | undefined {
  const family = families.find(
    (one) =>
      one.names.includes(name) &&
      one.version === version &&
      one.inputSchemaDigests.includes(inputSchemaDigest),
  );
  return (
    family &&
    ((input) => {
      const { members, target } = family;
      const isInput =
        Object.keys(input).length === members.length &&
        members.every((member) => typeof input[member] === 'string');
      if (!isInput) throw new TypeError(`the input of ${name} has the texts ${members.join(', ')}`);
      return target(input as never);
    })
  );
}

/** Whether what a request pins of its operation is a bundled one. */
export function isBundledRequest(pins: {
  readonly operation?: unknown;
  readonly operationVersion?: unknown;
  readonly inputSchemaDigest?: unknown;
}): boolean {
  const { operation, operationVersion, inputSchemaDigest } = pins;
  return bundledTarget(String(operation), String(operationVersion), String(inputSchemaDigest)) !== undefined;
}
