import { once } from 'node:events';
import type { Server } from 'node:net';
import { nextFreePort } from '../../scripts/lib/ports.mjs';

/** Ports that one test process has to itself. */
const LANE_PORTS = 20;

/**
 * Where this test process looks for a free port first. Two that looked from the same one could both find it free before either listens there, and then
 * one of them would talk to the servers of the other.
 */
export function inLane(port: number, lanePorts = LANE_PORTS): number {
  return port + lanePorts * Number(process.env['JEST_WORKER_ID'] ?? 0);
}

/**
 * Listens on a port that stays this process's own while the server is closed, to listen there again: one that the system hands out would be anybody's
 * meanwhile.
 */
export async function listenInLane(server: Server): Promise<number> {
  const port = await nextFreePort(inLane(22_000, 400));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return port;
}
