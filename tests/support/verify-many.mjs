/** Runs `mastguard` from dist/ for every line of standard input, a JSON array of arguments; answers exit code and output as a line of JSON. */
import { createInterface } from 'node:readline';

const { main } = await import(new URL('../../dist/cli/mastguard.js', import.meta.url).href);

for await (const line of createInterface({ input: process.stdin })) {
  const output = { stdout: '', stderr: '' };
  /** @param {'stdout' | 'stderr'} name */
  const stream = (name) => ({ isTTY: false, write: (/** @type {string} */ text) => void (output[name] += text) });
  const io = { env: process.env, stdout: stream('stdout'), stderr: stream('stderr'), signal: new AbortController().signal };
  const exitCode = await main(JSON.parse(line), io);
  process.stdout.write(`${JSON.stringify({ exitCode, ...output })}\n`);
}
