import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { PayloadCodec } from '@temporalio/common';

export interface TemporalConnection {
  /** Shared by client and workers: eager start hands a run's first task to the worker on the same connection. */
  connection: NativeConnection;
  client: Client;
  namespace: string;
  dataConverter: { payloadCodecs: PayloadCodec[] };
}

/**
 * Connects as `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_PROFILE` and the other variables of Temporal's environment
 * configuration say: self-hosted, mTLS or Temporal Cloud. Compression only costs time on the same host or network.
 */
export async function connectTemporal(codec: PayloadCodec, override?: { address: string; namespace: string }): Promise<TemporalConnection> {
  const fromEnvironment = override === undefined ? loadClientConnectConfig() : {};
  const { connectionOptions = {}, namespace = 'default' } = {
    ...fromEnvironment,
    ...(override && { connectionOptions: { address: override.address }, namespace: override.namespace }),
  };
  const connection = await NativeConnection.connect({ ...connectionOptions, grpcCompression: { codec: 'none' } });
  const dataConverter = { payloadCodecs: [codec] };
  return { connection, client: new Client({ connection, namespace, dataConverter }), namespace, dataConverter };
}
