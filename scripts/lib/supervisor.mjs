import { setTimeout as sleep } from 'node:timers/promises';
import { diedError } from './child.mjs';

const windowMs = 60_000;
const maxRestarts = 5;

/**
 * Starts a crashed child again, waiting longer each time; more than five crashes within a minute end everything.
 * @param {object} options
 * @param {ReturnType<typeof import('./child.mjs').createChildren>} options.children
 * @param {(line: string) => void} options.report
 * @param {(reason: Error) => void} options.giveUp
 */
export function createSupervisor({ children, report, giveUp }) {
  /** @param {import('./child.mjs').ChildSpec} spec @param {import('./child.mjs').Child} first */
  async function keepRunning(spec, first) {
    /** @type {number[]} */
    let crashes = [];
    for (let child = first; ;) {
      const ending = await child.ended;
      if (children.isClosing()) return;
      const now = Date.now();
      crashes = [...crashes.filter((at) => now - at < windowMs), now];
      if (crashes.length > maxRestarts) throw diedError(child, `being restarted for the ${crashes.length}th time within a minute`);
      const delayMs = restartDelayMs(crashes.length);
      report(`${spec.name} ended (${ending}); starting it again in ${delayMs / 1000} s`);
      await sleep(delayMs);
      if (children.isClosing()) return;
      child = await children.start(spec);
    }
  }

  return {
    /** @param {import('./child.mjs').ChildSpec} spec @param {import('./child.mjs').Child} child */
    watch(spec, child) {
      keepRunning(spec, child).catch((error) => {
        if (!children.isClosing()) giveUp(error);
      });
    },
  };
}

/** @param {number} crash 1 for the first within the window */
export function restartDelayMs(crash) {
  return Math.min(500 * 2 ** (crash - 1), 8_000);
}
