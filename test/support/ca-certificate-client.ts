import type { Fault } from '../../domain/fault.ts';
import { activeCaCertificate } from '../../onsmqtt/active-ca-certificate.ts';
import { createOnsMqtt } from '../../onsmqtt/client.ts';
import type { OnsMqttOptions } from '../../onsmqtt/client.ts';
import type { CaCertificateInput } from '../../operations/certificate-input.ts';
import type { SentAnswer, ReadAnswer } from '../../operations/implement.ts';

/** The vendor's client as ActiveCaCertificate uses it. */
export interface CaCertificateClient {
  activeCaCertificate(ref: CaCertificateInput, changeId: string): Promise<SentAnswer | Fault>;
  getCaCertificate(ref: CaCertificateInput): Promise<ReadAnswer | Fault>;
}

/** A client whose calls are prepared and sent at once. */
export function caCertificateClient(options: OnsMqttOptions): CaCertificateClient {
  const implementation = activeCaCertificate(createOnsMqtt(options));
  const context = (changeId: string) => ({
    changeId,
    notAfter: Infinity,
    signal: new AbortController().signal,
  });
  return {
    async activeCaCertificate(ref, changeId) {
      const prepared = await implementation.prepare(ref, context(changeId));
      return typeof prepared === 'function' ? prepared() : prepared;
    },
    getCaCertificate: (ref) => implementation.read(ref, context('a read')),
  };
}
