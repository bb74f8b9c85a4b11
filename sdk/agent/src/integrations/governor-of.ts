import { createGovernor, type Governor } from '../governor.ts';
import type { ShieldOptions } from '../shield-options.ts';

/** Options of a shield, or a governor that several integrations share. */
export type GovernorOptions = ShieldOptions | { governor: Governor };

const made = new WeakMap<object, Governor>();

/** The governor of the options. The same options object, given to several integrations, stands for the same governor. */
export function governorOf(options: GovernorOptions): Governor {
  if ('governor' in options) return options.governor;
  const known = made.get(options);
  if (known !== undefined) return known;
  const governor = createGovernor(options);
  made.set(options, governor);
  return governor;
}
