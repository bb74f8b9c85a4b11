import { ANSWERS } from './answers.ts';
import { CLIENTS } from './clients.ts';
import { FAULTS } from './faults.ts';
import { HELPERS } from './helpers.ts';
import { LISTS_AND_FILES } from './lists-and-files.ts';
import type { OpenAIBehaviour } from './scene.ts';
import { STREAMS } from './streams.ts';

/** The behaviours of a client of OpenAI or Azure OpenAI. */
export const OPENAI_BEHAVIOURS: readonly OpenAIBehaviour[] = [...ANSWERS, ...STREAMS, ...HELPERS, ...CLIENTS, ...FAULTS, ...LISTS_AND_FILES];
