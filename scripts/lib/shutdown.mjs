import { stopRuns } from './run.mjs';

/** npm passes on the Ctrl-C that the terminal has already sent to everybody: one press arrives twice, moments apart. */
const samePressMs = 500;

/**
 * One way out: what was begun is undone in reverse, once, whether by a signal, a failed start-up or a child given up on.
 * A second signal kills hard.
 * @param {{ children: ReturnType<typeof import('./child.mjs').createChildren>, report: (line: string) => void }} options
 */
export function createShutdown({ children, report }) {
  /** @type {(() => void)[]} */
  const undo = [];
  /** @type {Promise<never> | undefined} */
  let leaving;
  let askedAt = 0;

  /** @param {number} exitCode @returns {Promise<never>} */
  async function leave(exitCode) {
    let code = exitCode;
    stopRuns();
    await children.stopAll().catch((error) => {
      report(`not everything could be stopped: ${error.message}`);
      code = 1;
    });
    for (const step of undo.toReversed()) step();
    process.exit(code);
  }

  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (askedAt === 0) {
        askedAt = Date.now();
        report('stopping');
        leaving ??= leave(0);
      } else if (Date.now() - askedAt > samePressMs) {
        children.killAll();
        for (const step of undo.toReversed()) step();
        process.exit(1);
      }
    });
  }

  return {
    /** @param {() => void} step synchronous; runs after every child has ended */
    onExit: (step) => undo.push(step),
    /** @param {unknown} error */
    fail(error) {
      // A step that fails because everything is being stopped is no news.
      if (leaving === undefined) report(error instanceof Error ? error.message : String(error));
      leaving ??= leave(1);
      return leaving;
    },
  };
}
