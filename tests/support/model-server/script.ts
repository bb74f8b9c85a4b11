/** What the model is to do, as the name of the model says it. Any other name, such as `gpt-4o`, says a greeting. */
export interface Script {
  /** What it says, in words where it streams. */
  text: string;
  /** What it thinks before; only where the vendor's format has a place for it. */
  thinking?: string;
  /** The tool it wants called, unless it has called it before in the same conversation. */
  call?: { name: string; args: string };
  refusal?: string;
  /** Answered instead, as the vendor words it. `times`: only so often for the same request. */
  failure?: { status: number; times: number };
  /** No answer before this. `Infinity`: none. */
  delayMs: number;
  /** Half of the answer, and then the connection is gone. */
  breaks: boolean;
  /** A stream that goes on until its reader leaves. */
  endless: boolean;
}

const GREETING = 'Hello from the model.';

/**
 * `says:<text>`, `thinks:<text>`, `calls:<tool>` and `calls:<tool>(<JSON>)`, `refuses:<text>`, `status:<n>`, `flaky:<n>` (that status once, then an answer), `slow`,
 * `slow:<ms>`, `breaks`, `endless`.
 */
export function scriptOf(model: string): Script {
  const plain: Script = { text: GREETING, delayMs: 0, breaks: false, endless: false };
  const [, verb = model, rest = ''] = /^([a-z]+):([\s\S]*)$/.exec(model) ?? [];
  switch (verb) {
    case 'says':
      return { ...plain, text: rest };
    case 'thinks':
      return { ...plain, thinking: rest };
    case 'calls': {
      const [, name = rest, args = '{}'] = /^([\w-]+)\(([\s\S]*)\)$/.exec(rest) ?? [];
      return { ...plain, call: { name, args } };
    }
    case 'refuses':
      return { ...plain, refusal: rest };
    case 'status':
      return { ...plain, failure: { status: Number(rest), times: Infinity } };
    case 'flaky':
      return { ...plain, failure: { status: Number(rest), times: 1 } };
    case 'slow':
      return { ...plain, delayMs: rest === '' ? Infinity : Number(rest) };
    case 'breaks':
      return { ...plain, breaks: true };
    case 'endless':
      return { ...plain, endless: true };
    default:
      return plain;
  }
}

/** The pieces that a stream hands out one by one; together they are the text. */
export const piecesOf = (text: string): string[] => text.match(/\s*\S+\s*$|\s*\S+/g) ?? [text];

/** What tokens are counted by: words, which is near enough for a test. */
export const tokensOf = (value: unknown): number => JSON.stringify(value ?? '').split(/\s+/).length;
