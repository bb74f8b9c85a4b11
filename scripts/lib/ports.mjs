import { createServer } from 'node:net';

/** Ports already promised to a child that may not listen yet. */
const promised = new Set();

/**
 * The next free port on 127.0.0.1, counting up from the wanted one.
 * @param {number} wanted
 * @returns {Promise<number>}
 */
export async function nextFreePort(wanted) {
  for (let port = wanted; port < Math.min(wanted + 500, 65_536); port += 1) {
    // One after another on purpose: the lowest free port wins.
    if (promised.has(port) || !(await isFree(port))) continue;
    promised.add(port);
    return port;
  }
  throw new Error(`no free port on 127.0.0.1 between ${wanted} and ${wanted + 499}`);
}

/** @param {number} port */
function isFree(port) {
  return new Promise((settle) => {
    const probe = createServer();
    probe.once('error', () => settle(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => settle(true)));
  });
}

/** @param {string | undefined} text @param {number} fallback */
export function portSetting(text, fallback) {
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`"${text}" is not a port number`);
  return port;
}
