import type { Response } from 'express';

/** Whether there is room to write again in time; false also once the reader is gone or the signal fires. */
export function drains(res: Response, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isFree: boolean) => (): void => {
      clearTimeout(timer);
      res.off('drain', onDrain).off('close', onGone);
      signal.removeEventListener('abort', onGone);
      resolve(isFree);
    };
    const onDrain = settle(true);
    const onGone = settle(false);
    const timer = setTimeout(onGone, timeoutMs);
    res.once('drain', onDrain).once('close', onGone);
    signal.addEventListener('abort', onGone, { once: true });
  });
}
