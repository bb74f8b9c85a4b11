import type { Request } from 'express';
import { HttpProblem } from '../problem.ts';

/** The body, as it was sent. Does not trust `Content-Length`. */
export async function readBytes(req: Request, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): HttpProblem =>
    // The rest of the body is not read, so the connection cannot be used again.
    new HttpProblem('payload-too-large', { detail: `at most ${maxBytes} bytes`, headers: { Connection: 'close' }, extras: { maxBytes } });
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else
        settle(() => {
          req.pause();
          reject(tooLarge());
        });
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks, size)));
    const onGone = (): void => settle(() => reject(new HttpProblem('malformed-json', { detail: 'the body ended early' })));
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
