import type { Json } from '../../../compliance/src/api-types.ts';
import type { EventDraft } from '../decision.ts';
import { RESULT_ACTION } from '../result-action.ts';
import { splitContent } from '../split-content.ts';
import { wellFormed } from '../well-formed.ts';
import type { AskedCall, CallFacts, Heard } from './model-call.ts';

const MAX_NAME_CHARS = 128;

/** What reaches the model: the words of the user, and every result of a tool as what it is, text from outside. Never none: a call is an event. */
export function draftsOfHeard(facts: CallFacts, { user, results, media }: Heard): EventDraft[] {
  const metadata: Record<string, Json> = { ...metadataOf(facts), ...(media.length === 0 ? {} : { media: [...new Set(media)].slice(0, 16) }) };
  const text = user.join('\n');
  const own = (content: Partial<EventDraft>): EventDraft => ({ action: nameOf(facts.operation), channel: 'user', ...content, metadata });
  return [
    ...(text === '' && results.length > 0 ? [] : text === '' ? [own({})] : partsOf(text, (content) => own({ content }))),
    ...results.flatMap(({ name, text: result }) =>
      partsOf(result, (content) => {
        const draft: EventDraft = { action: RESULT_ACTION, channel: 'tool_result', trust: 'untrusted', tool: { name: nameOf(name) }, metadata };
        return content === '' ? draft : { ...draft, content };
      }),
    ),
  ];
}

/** What the model says. */
export function draftsOfText(facts: CallFacts, text: string, more: Record<string, Json>): EventDraft[] {
  const metadata = { ...metadataOf(facts), ...more };
  return partsOf(text, (content, part) => {
    // Tokens are counted once.
    const { tokens, ...rest } = metadata as Record<string, Json>;
    const draft: EventDraft = { action: nameOf(facts.operation), channel: 'agent_message', metadata: part === 0 && tokens !== undefined ? metadata : rest };
    return content === '' ? draft : { ...draft, content };
  });
}

/** A call that the model asks for. */
export function draftOfCall(facts: CallFacts, { name, args }: AskedCall): EventDraft {
  const action = nameOf(name);
  return { action, tool: { name: action, args }, metadata: metadataOf(facts) };
}

function partsOf(text: string, draftOf: (content: string, part: number) => EventDraft): EventDraft[] {
  const parts = splitContent(text);
  return parts.map((content, part) => {
    const draft = draftOf(content, part);
    return parts.length === 1 ? draft : { ...draft, metadata: { ...draft.metadata, part: part + 1, parts: parts.length } };
  });
}

function metadataOf({ provider, model, path }: CallFacts): Record<string, Json> {
  return { provider, ...(model === undefined ? {} : { model: wellFormed(model).slice(0, 256) }), path: path.slice(0, 256) };
}

/** A name as an event may have it. */
function nameOf(name: string): string {
  const plain = wellFormed(name)
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, MAX_NAME_CHARS)
    .trim();
  return plain === '' ? 'unnamed' : plain;
}
