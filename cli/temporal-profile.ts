import { accessSync, constants } from 'node:fs';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { CountersignError } from '../domain/error.ts';
import { withoutSecrets } from '../domain/shown-error.ts';

/** How Temporal is reached, as its own variables and its configuration file say. */
export type TemporalProfile = ReturnType<typeof toClientOptions>;

/** What `TEMPORAL_TLS` may say; the library would take every other text for "off". */
const switches = ['true', 'false', '1', '0'];

/**
 * Reads Temporal's variables and its configuration file. An empty variable counts as absent.
 *
 * @throws CountersignError `invalid_configuration`: a file or profile that is named and not there, a `TEMPORAL_TLS` of
 * another form, a client certificate without its key or a key without its certificate, or an API key that would be sent in
 * plain text to another machine
 */
export function temporalProfile(env: NodeJS.ProcessEnv): TemporalProfile {
  const given = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && (entry[1] !== '' || !entry[0].startsWith('TEMPORAL_')),
    ),
  );
  try {
    const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_TLS: tls } = given;
    // The library would go on without it.
    if (file !== undefined) accessSync(file, constants.R_OK);
    if (tls !== undefined && !switches.includes(tls))
      throw new Error(`TEMPORAL_TLS: expected one of ${switches.join(', ')}`);
    const profile = loadClientConfigProfile({ overrideEnvVars: given });
    assertSafe(profile);
    return toClientOptions(profile);
  } catch (error) {
    // Nothing of the error but this is told: the TOML library quotes lines, and one may have the API key.
    const message = withoutSecrets(`Temporal's variables or configuration file: ${shortOf(error as Error)}`);
    throw new CountersignError('invalid_configuration', message);
  }
}

/** Whether an address of Temporal, `host:port`, is on this machine; absent: it is. */
export function isLoopbackAddress(address = 'localhost'): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(address);
}

function assertSafe({ address, apiKey, tls }: ClientConfigProfile): void {
  const { clientCert, clientKey, disabled } = tls ?? {};
  // The library would connect without either.
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    const wanted = clientKey === undefined ? 'TEMPORAL_TLS_CLIENT_KEY_PATH' : 'TEMPORAL_TLS_CLIENT_CERT_PATH';
    throw new Error(`${wanted}: a client certificate and its key are given together`);
  }
  if (apiKey !== undefined && disabled === true && !isLoopbackAddress(address))
    throw new Error(`TEMPORAL_TLS: an API key is not sent to ${address} without TLS`);
}

/** The first line, and where in the file. */
function shortOf({ message, line }: Error & { readonly line?: unknown }): string {
  const [first = ''] = message.split('\n');
  return typeof line === 'number' ? `${first} (line ${line})` : first;
}
