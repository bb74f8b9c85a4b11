import type { Server } from 'node:http';

const GRACE_MS = 5_000;

/** No new requests; those in flight finish, or are cut after the grace: a retry attaches to what they started. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  });
}
