import type { Json } from '../../../compliance/src/api-types.ts';
import type { Governor } from '../governor.ts';
import { longCall } from '../long-call.ts';
import { draftOfCall, draftsOfText } from './drafts.ts';
import type { AskedCall, CallAdapter, CallFacts } from './model-call.ts';

/** The part of the options that rules over answers, filled in. */
export interface AnswerSettings {
  stream: 'window' | 'buffer' | 'observe';
  windowChars: number;
  onBlockedStream: 'throw' | 'end';
  toolCalls: 'govern' | 'ignore';
}

/** A call whose question has been admitted, and whose answer is still to come. */
export interface OpenCall {
  governor: Governor;
  facts: CallFacts;
  adapter: CallAdapter;
  settings: AnswerSettings;
}

/** What is told of an answer besides its text. */
export function answerMetadata(finish: string | undefined, tokens: number | undefined): Record<string, Json> {
  return { ...(finish === undefined ? {} : { finish: finish.slice(0, 64) }), ...(tokens === undefined || tokens <= 0 ? {} : { tokens }) };
}

/** Records an answer, or what there is of one, that has gone out already or never will. */
export function recordText({ governor, facts }: OpenCall, text: string, metadata: Record<string, Json>): void {
  for (const draft of draftsOfText(facts, text, metadata)) governor.observe(draft);
}

/** Records calls that have been done already. */
export function recordCalls({ governor, facts }: OpenCall, calls: readonly AskedCall[]): void {
  for (const call of calls) {
    const draft = draftOfCall(facts, call);
    for (const each of longCall(draft)?.drafts ?? [draft]) governor.observe(each);
  }
}
