import type Anthropic from '@anthropic-ai/sdk';
import type { Behaviour } from '../behaviour.ts';

export type AnthropicSdk = typeof Anthropic & { Anthropic: typeof Anthropic } & Record<string, unknown>;
export type AnthropicBehaviour = Behaviour<Anthropic, AnthropicSdk>;

/** A message that asks one question of a model, whose name says what it does. */
export const ask = (model: string, question: string) => ({ model, max_tokens: 64, messages: [{ role: 'user' as const, content: question }] });

export const WEATHER = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
