import type OpenAI from 'openai';
import type { ClientOptions } from 'openai';
import type { Behaviour } from '../behaviour.ts';

/** Both ways to it: the class, and the classes of errors that hang on it. */
export type OpenAISdk = typeof OpenAI & { OpenAI: typeof OpenAI } & Record<string, unknown>;
export type OpenAIBehaviour = Behaviour<OpenAI, OpenAISdk>;

/** A chat that asks one question of a model, whose name says what it does. */
export const chat = (model: string, question: string) => ({ model, messages: [{ role: 'user' as const, content: question }] });

export const WEATHER = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;

/** A clone with other options. Azure's client of openai 6 loses its API version on the way, so whoever clones one names it again. */
export function withOptions(client: OpenAI, options: Partial<ClientOptions>): OpenAI {
  const { apiVersion } = client as { apiVersion?: string };
  return client.withOptions({ ...options, ...(apiVersion === undefined ? {} : { apiVersion }) });
}
