import type OpenAI from 'openai';
import type { Behaviour, Scene } from '../behaviour.ts';

/** Both ways to it: the class, and the classes of errors that hang on it. */
export type OpenAISdk = typeof OpenAI & { OpenAI: typeof OpenAI } & Record<string, unknown>;
export type OpenAIScene = Scene<OpenAI, OpenAISdk>;
export type OpenAIBehaviour = Behaviour<OpenAI, OpenAISdk>;

/** A chat that asks one question of a model, whose name says what it does. */
export const chat = (model: string, question: string) => ({ model, messages: [{ role: 'user' as const, content: question }] });

export const WEATHER = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
