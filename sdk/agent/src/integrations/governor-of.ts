import { createGovernor, type Governor } from '../governor.ts';
import type { GovernorOptions } from '../shield.ts';

const made = new WeakMap<object, Governor>();

/** The governor of the options. The same options object, given to several integrations, stands for the same governor. */
export function governorOf(options: GovernorOptions): Governor {
  const governor = options.governor ?? made.get(options) ?? createGovernor(options);
  made.set(options, governor);
  return governor;
}
