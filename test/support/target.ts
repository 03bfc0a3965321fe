import type { Target } from '../../domain/target.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { CaCertificateInput } from '../../operations/certificate-input.ts';

/** A target of this id, whichever operation it is for. */
export function targetOf(id: string, scope: Readonly<Record<string, string>> = {}): Target {
  return { id, scope, label: `target ${id}` };
}

/** What ActiveCaCertificate acts on with an input. */
export function caTarget(input: JsonObject): Target {
  return activeCaCertificate.target(input as CaCertificateInput);
}
