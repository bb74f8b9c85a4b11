import { createGovernor, type Governor } from '../governor.ts';
import type { GovernorOptions } from '../shield.ts';
import type { ShieldOptions } from '../shield-options.ts';

/** All of them: the compiler says so when one is added. */
const SHIELD_OPTIONS = Object.keys({
  apiKey: 0,
  baseUrl: 0,
  client: 0,
  agentId: 0,
  sessionId: 0,
  principal: 0,
  deadlineMs: 0,
  onUnavailable: 0,
  onReview: 0,
  reviewTimeoutMs: 0,
  decide: 0,
  policy: 0,
  profile: 0,
  sessions: 0,
  audit: 0,
  buffer: 0,
  onDecision: 0,
  onFault: 0,
} satisfies Record<keyof ShieldOptions, 0>) as (keyof ShieldOptions)[];

const MAX_RECENT = 32;
const recent: { options: ShieldOptions; governor: Governor }[] = [];

/**
 * The governor of the options. Several integrations with the same options, `{ ...options, toolCalls: 'ignore' }` and `options` among them, have the same
 * one: what one of them has asked, another does not ask again.
 */
export function governorOf(options: GovernorOptions): Governor {
  if (options.governor !== undefined) return options.governor;
  const known = recent.find((one) => SHIELD_OPTIONS.every((name) => one.options[name] === options[name]));
  if (known !== undefined) return known.governor;
  const governor = createGovernor(options);
  recent.push({ options: { ...options }, governor });
  if (recent.length > MAX_RECENT) recent.shift();
  return governor;
}
