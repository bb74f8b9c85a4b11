import type { Json } from '../../../compliance/src/api-types.ts';
import type { SseFrame } from './sse.ts';

/** What is told of every event of a call. */
export interface CallFacts {
  /** As OpenTelemetry's conventions for generative AI name it where they do: `chat`, `embeddings`, `text_completion`. */
  operation: string;
  provider: string;
  model: string | undefined;
  /** Of the request, without its query. */
  path: string;
}

/** A tool's result on its way to the model. */
export interface HeardResult {
  name: string;
  text: string;
  /** The call it answers, where it may be heard again with a later question. */
  callId?: string | undefined;
}

/** Whether a result has been governed with an earlier question, or when it came back. */
export type WasGoverned = (result: HeardResult) => boolean;

/** What reaches the model and is new: what it has not answered yet. Instructions of the developer are not among it. */
export interface Heard {
  user: string[];
  results: HeardResult[];
  /** Kinds of parts without text, such as `image`. */
  media: string[];
}

/** A call that the model asks for. */
export interface AskedCall {
  /** Where it stands in the answer. */
  key: string;
  name: string;
  args: Record<string, Json>;
}

/** What the model says. */
export interface Said {
  text: string;
  /** For the caller to do. */
  calls: AskedCall[];
  /** Done by the provider already. */
  ran: AskedCall[];
  tokens: number | undefined;
  /** Why it stopped, in the provider's word. */
  finish: string | undefined;
}

/** Arguments to be used instead, by the key of the call. */
export type ChangedArgs = ReadonlyMap<string, Record<string, Json>>;

/** What one operation of a provider means. One for every kind of body; none of them keeps anything. */
export interface CallAdapter {
  operation: string;
  heard: (body: unknown, wasGoverned?: WasGoverned) => Heard;
  /** `undefined`: the answer is no model's. */
  said: ((answer: unknown) => Said) | undefined;
  /** Puts changed arguments into a whole answer. */
  rewrite: (answer: unknown, changed: ChangedArgs) => void;
  /** For the frames of one stream. */
  reader: () => StreamReader;
}

/** What a frame of a stream adds. */
export interface FramePart {
  /** The parsed data, for `release`. */
  data: unknown;
  texts: { lane: string; text: string }[];
  /** The calls it is a piece of. */
  calls: string[];
  /** The calls that are whole with it. */
  complete: AskedCall[];
  ran: AskedCall[];
}

/** Reads one stream, frame by frame. */
export interface StreamReader {
  /** @throws Error where the stream contradicts what was decided, such as a call that goes on after its end */
  read: (frame: SseFrame) => FramePart;
  /** The calls that nothing has ended. */
  end: () => AskedCall[];
  /** Told of every frame that goes out. @returns whether it has put changed arguments into the data */
  release: (data: unknown, changed: ChangedArgs) => boolean;
  /** The frames that end what has gone out so that clients of the API take it for a complete answer that was stopped. */
  terminators: () => string[];
  /** The frame after which nothing is read, where the API has one. Left out before an error, which would not be seen behind it. */
  sentinel: string | undefined;
  tokens: () => number | undefined;
  finish: () => string | undefined;
}

export const NOTHING_SAID: Readonly<Omit<FramePart, 'data'>> = { texts: [], calls: [], complete: [], ran: [] };
