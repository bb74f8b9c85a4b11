import { ANSWERS } from './answers.ts';
import { CLIENTS_AND_FAULTS } from './clients-and-faults.ts';
import { HELPERS } from './helpers.ts';
import type { AnthropicBehaviour } from './scene.ts';
import { STREAMS } from './streams.ts';

/** The behaviours of a client of Anthropic. */
export const ANTHROPIC_BEHAVIOURS: readonly AnthropicBehaviour[] = [...ANSWERS, ...STREAMS, ...HELPERS, ...CLIENTS_AND_FAULTS];
