import { Client, Connection } from '@temporalio/client';
import type { ClientPlugin } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { dataConverter } from '../codec/data-converter.ts';
import type { PayloadOptions } from '../codec/data-converter.ts';
import { isLoopbackAddress, temporalProfile } from './temporal-profile.ts';

/**
 * Temporal as its own variables and configuration file say (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key).
 *
 * @throws CountersignError `invalid_configuration`, see {@link temporalProfile}
 */
export function temporalConfig(variables: NodeJS.ProcessEnv = process.env) {
  const { connectionOptions, namespace } = temporalProfile(variables);
  return {
    // Its gRPC library would take `http_proxy` to loopback, too.
    connectionOptions: isLoopbackAddress(connectionOptions.address)
      ? { ...connectionOptions, channelArgs: { 'grpc.enable_http_proxy': 0 } }
      : connectionOptions,
    namespace: namespace ?? 'default',
  };
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
