import { Client, Connection } from '@temporalio/client';
import type { ClientPlugin } from '@temporalio/client';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { dataConverter } from '../codec/data-converter.ts';
import type { PayloadOptions } from '../codec/data-converter.ts';
import { CountersignError } from '../domain/error.ts';

/**
 * Temporal as its own variables and configuration file say (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key).
 *
 * @throws CountersignError `invalid_configuration`: a file or profile that is not there, or a client certificate without
 * its key, or a key without its certificate
 */
export function temporalConfig() {
  const { connectionOptions, namespace } = loaded();
  return {
    // Its gRPC library would take `http_proxy` to loopback, too.
    connectionOptions: isLoopback(connectionOptions.address)
      ? { ...connectionOptions, channelArgs: { 'grpc.enable_http_proxy': 0 } }
      : connectionOptions,
    namespace: namespace ?? 'default',
  };
}

function loaded(): ReturnType<typeof toClientOptions> {
  try {
    const profile = loadClientConfigProfile();
    const { clientCert, clientKey } = profile.tls ?? {};
    // The library would connect without either.
    if ((clientCert === undefined) !== (clientKey === undefined)) {
      const wanted =
        clientKey === undefined ? 'TEMPORAL_TLS_CLIENT_KEY_PATH' : 'TEMPORAL_TLS_CLIENT_CERT_PATH';
      throw new Error(`${wanted}: a client certificate and its key are given together`);
    }
    return toClientOptions(profile);
  } catch (cause) {
    const message = `Temporal's variables or configuration file: ${(cause as Error).message}`;
    throw new CountersignError('invalid_configuration', message, { cause });
  }
}

function isLoopback(address = 'localhost'): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(address);
}

/** A client that connects on its first call, so that an API starts while Temporal is away. */
export function temporalClient(
  plugins: ClientPlugin[] = [],
  payloads: PayloadOptions = {},
): {
  client: Client;
  connection: Connection;
  namespace: string;
} {
  const { connectionOptions, namespace } = temporalConfig();
  const connection = Connection.lazy(connectionOptions);
  const client = new Client({ connection, namespace, plugins, dataConverter: dataConverter(payloads) });
  return { client, connection, namespace };
}

/** A worker's connection; waits for the server. */
export async function temporalConnection(): Promise<{ connection: NativeConnection; namespace: string }> {
  const { connectionOptions, namespace } = temporalConfig();
  return { connection: await NativeConnection.connect(connectionOptions), namespace };
}

/**
 * For a command that looks and ends: the first failure is told with its reason, without another try. Deadlines are the
 * caller's.
 */
export function askTemporal(): { connection: Connection; address: string; namespace: string } {
  const { connectionOptions, namespace } = temporalConfig();
  const connection = Connection.lazy({ ...connectionOptions, interceptors: [] });
  return { connection, address: connectionOptions.address ?? '127.0.0.1:7233', namespace };
}
