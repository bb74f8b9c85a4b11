/** Ports that one test process has to itself. */
const LANE_PORTS = 20;

/**
 * Where this test process looks for a free port first. Two that looked from the same one could both find it free before either listens there, and then
 * one of them would talk to the servers of the other.
 */
export function inLane(port: number): number {
  return port + LANE_PORTS * Number(process.env['JEST_WORKER_ID'] ?? 0);
}
