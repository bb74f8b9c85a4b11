import type { GovernanceEvent } from '../../schemas/event.ts';
import { normalise, type ViewSource } from './normalise.ts';
import { matchSignatures } from './signatures.ts';
import { walkArgs } from './walk-args.ts';

export interface SignatureHit {
  signature: string;
  source: ViewSource;
}

/** One text of an event with its readings, made once and shared by all detectors. */
export interface EventText {
  pointer: string;
  part: 'content' | 'intent' | 'args' | 'metadata';
  views: string[];
  sources: ViewSource[];
  flags: string[];
  hits: SignatureHit[];
}

const MAX_TEXTS = 256;
const MIN_CHARS = 8;

/** Texts of an event worth reading: content, intent, and strings of 8 characters or more in arguments and metadata. */
export function readEventTexts(event: GovernanceEvent): EventText[] {
  const texts: EventText[] = [];
  const add = (pointer: string, part: EventText['part'], text: string): void => {
    if (text.length >= MIN_CHARS && texts.length < MAX_TEXTS) texts.push(readText(pointer, part, text));
  };
  if (event.content !== undefined) add('/content', 'content', event.content);
  if (event.intent !== undefined) add('/intent', 'intent', event.intent);
  for (const [part, value, pointer] of [
    ['args', event.tool?.args, '/tool/args'],
    ['metadata', event.metadata, '/metadata'],
  ] as const) {
    for (const leaf of walkArgs(value, pointer)) if (typeof leaf.value === 'string') add(leaf.pointer, part, leaf.value);
  }
  return texts;
}

function readText(pointer: string, part: EventText['part'], text: string): EventText {
  const { views, sources, flags } = normalise(text);
  const hits = views.flatMap((view, index) => matchSignatures(view).map((signature) => ({ signature, source: sources[index] ?? 'plain' })));
  return { pointer, part, views, sources, flags, hits };
}
