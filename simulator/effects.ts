import type { CertificateKind, Parameters } from './certificate-kind.ts';
import type { CertificateStore } from './certificate-store.ts';

/** What a call did. */
export interface EffectResult {
  /** The answer's members beside RequestId. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether the asked-for state holds because of this call; never for a read. */
  readonly applied: boolean;
}

/** What an action does to the certificates. Throws VendorError when the certificate is not there. */
export type Effect = (parameters: Parameters, certificates: CertificateStore) => EffectResult;

/** Sets a certificate's status. One that has the status already is left as it is, and that is a success. */
export function setStatus(kind: CertificateKind, status: '0' | '1'): Effect {
  return (parameters, certificates) => {
    const named = kind.find(parameters, certificates);
    named.setStatus(status);
    return { body: { [kind.serialName]: named.serial }, applied: true };
  };
}

/** Removes a certificate; a CA certificate takes its device certificates with it. */
export function remove(kind: CertificateKind): Effect {
  return (parameters, certificates) => {
    const named = kind.find(parameters, certificates);
    named.remove();
    return { body: { [kind.serialName]: named.serial }, applied: true };
  };
}

/** Answers one certificate. */
export function get(kind: CertificateKind): Effect {
  return (parameters, certificates) => ({
    body: { Data: kind.find(parameters, certificates).fields },
    applied: false,
  });
}

/** Answers one page of certificates; a page past the end is empty. */
export function list(kind: CertificateKind): Effect {
  return (parameters, certificates) => {
    const all = kind.list(parameters, certificates);
    const pageNo = Number(parameters['PageNo']);
    const pageSize = Number(parameters['PageSize']);
    const page = all.slice((pageNo - 1) * pageSize, pageNo * pageSize);
    // The documentation calls Total both rows and pages; rows here.
    const data = { Total: all.length, PageNo: pageNo, PageSize: pageSize, [kind.pageName]: page };
    return { body: { Data: data }, applied: false };
  };
}
