/** A client with a wrapper around it. */
export interface Wrapped {
  client: object;
  /** All that the wrapper has seen so far, as text. */
  seen: () => Promise<string>;
  /** Whether every call is refused; undefined where the wrapper cannot refuse. */
  block?: (all: boolean) => void;
  close?: () => Promise<void>;
}

/** How a module of the peers is loaded. */
export type Load = (module: string) => unknown;
