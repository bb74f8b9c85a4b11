/**
 * One line that is rewritten on a terminal; plain lines elsewhere, without repeating a step for every percent.
 * @param {{ stream?: { write(text: string): unknown, columns?: number | undefined }, live?: boolean }} [options]
 */
export function createProgress({ stream = process.stdout, live = isLive(process.stdout) } = {}) {
  let open = '';
  let announced = '';

  const clear = () => {
    if (open !== '') stream.write('\r\u001b[2K');
    open = '';
  };

  return {
    /** @param {string} step @param {string} [detail] a percentage or a duration, shown on terminals only */
    update(step, detail = '') {
      if (live) {
        const line = `${step}${detail === '' ? '' : ` ${detail}`}`.slice(0, (stream.columns ?? 80) - 1);
        if (line === open) return;
        stream.write(`\r\u001b[2K${line}`);
        open = line;
      } else if (step !== announced) {
        stream.write(`${step}\n`);
      }
      announced = step;
    },
    /** @param {string} line */
    line(line) {
      clear();
      announced = '';
      stream.write(`${line}\n`);
    },
    clear,
  };
}

/** @param {number} receivedBytes @param {number} totalBytes 0 when unknown */
export function downloadDetail(receivedBytes, totalBytes) {
  if (totalBytes > 0) return `${Math.min(100, Math.floor((receivedBytes / totalBytes) * 100))} %`;
  return `${(receivedBytes / 1_048_576).toFixed(1)} MiB`;
}

/** @param {{ isTTY?: boolean | undefined }} stream */
export function isLive(stream, env = process.env) {
  return stream.isTTY === true && !env.CI && env.TERM !== 'dumb';
}
