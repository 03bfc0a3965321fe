import { createOnsMqtt } from '../../onsmqtt/client.ts';
import type { OnsMqttOptions } from '../../onsmqtt/client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { onsMqttImplementations } from '../../onsmqtt/implementations.ts';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import type { Implementation } from '../../operations/implement.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import type { Implementations } from '../../operations/implementations.ts';
import { pinsOf } from '../../operations/operation.ts';
import { makeOperations } from '../../operations/registry.ts';

/** The operations that Countersign brings. */
export const operations = makeOperations(bundledOperations);

/** What a change of ActiveCaCertificate pins. */
export const pins = pinsOf(activeCaCertificate);

/** The bundled implementations, by a client of this endpoint. */
export function bundledBy(endpoint: string): readonly Implementation[] {
  const credential = () => createCredential({ accessKeyId: 'test-key', accessKeySecret: 'test-secret' });
  return onsMqttImplementations(
    createOnsMqtt({ endpoint, credential, pace: { claim: () => Promise.resolve() } }),
  );
}

/** What carries them out, by a client with these options. */
export function implementationsBy(options: OnsMqttOptions): Implementations {
  return makeImplementations(operations, onsMqttImplementations(createOnsMqtt(options)));
}
