import type { ModelRequest } from '../../support/model-server/request.ts';

/** What a behaviour has to work with. */
export interface Scene<Client, Sdk> {
  client: Client;
  /** The module that the client's class comes from, and its way to others of the same package. */
  sdk: Sdk;
  load: (module: string) => unknown;
  /** A question that nothing else asks: by its mark, what a wrapper has seen is told from what it has not. */
  question: () => string;
  /** What has reached the server since the behaviour began. */
  requests: readonly ModelRequest[];
}

/**
 * One thing that a client does. It answers what a caller can notice, in JSON; a wrapper behaves the same if the answer is the same. What it throws is
 * an answer too.
 */
export interface Behaviour<Client, Sdk> {
  name: string;
  run: (scene: Scene<Client, Sdk>) => Promise<unknown>;
}
