import { isRecord, parsedJson, stringsOf, tokensOf } from './json-walk.ts';
import { type CallAdapter, type FramePart, type Heard, NOTHING_SAID, type Said, type StreamReader } from './model-call.ts';
import type { SseFrame } from './sse.ts';

/**
 * An operation whose bodies have no adapter of their own: all their texts count as the user's, and all of the answer's as the model's.
 * @param answers `false` where the answer is about the operation and not a model's
 */
export const genericCall = (operation: string, { answers = true }: { answers?: boolean } = {}): CallAdapter => ({
  operation,
  heard: heardAnywhere,
  said: answers ? saidAnywhere : undefined,
  rewrite: () => undefined,
  reader: createAnyReader,
});

/** Vectors come back, in which nothing can be read. */
export const embeddings: CallAdapter = {
  ...genericCall('embeddings'),
  said: (answer) => ({ text: '', calls: [], ran: [], tokens: tokensOf(isRecord(answer) ? answer['usage'] : undefined), finish: undefined }),
};

/** For those who keep the account: its bodies may hold secrets, and none reaches a model. */
export const administration = (operation: string): CallAdapter => ({
  ...genericCall(operation, { answers: false }),
  heard: () => ({ user: [], results: [], media: [] }),
});

function heardAnywhere(body: unknown): Heard {
  if (body instanceof FormData) {
    const values = [...body.values()];
    const files = values.filter((value) => typeof value !== 'string');
    return { user: stringsOf(values).texts, results: [], media: files.map(({ type }) => (type === '' ? 'file' : type)) };
  }
  if (body instanceof URLSearchParams) return { user: stringsOf([...body.values()]).texts, results: [], media: [] };
  const json = typeof body !== 'object' || body === null || Array.isArray(body) || isPlain(body);
  const { texts, encoded } = stringsOf(json ? body : undefined);
  return { user: texts, results: [], media: encoded || !json ? ['binary'] : [] };
}

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;

function saidAnywhere(answer: unknown): Said {
  const { texts } = stringsOf(answer);
  return { text: texts.join('\n'), calls: [], ran: [], tokens: tokensOf(isRecord(answer) ? answer['usage'] : undefined), finish: undefined };
}

/** Nothing is known of the API, so a stream that is stopped just ends. */
function createAnyReader(): StreamReader {
  let tokens: number | undefined;
  return {
    read({ data: text }: SseFrame) {
      const data = text === undefined ? undefined : (parsedJson(text) ?? text);
      const part: FramePart = { ...NOTHING_SAID, data, texts: stringsOf(data).texts.map((said) => ({ lane: '0', text: said })) };
      if (isRecord(data)) tokens = tokensOf(data['usage']) ?? tokens;
      return part;
    },
    end: () => [],
    release: () => false,
    terminators: () => [],
    sentinel: undefined,
    tokens: () => tokens,
    finish: () => undefined,
  };
}
