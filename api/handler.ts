import type { RouteDefinition, RouteInput, RouteReply, StreamEvent } from '../schemas/route.ts';
import type { ROUTES, RouteName } from '../schemas/routes.ts';
import type { Principal } from './access/principal.ts';

/** What a handler may know of its request beside the validated input. */
export interface RequestFacts {
  requestId: string;
  receivedAtMs: number;
  /** Fires when the caller is gone or the server stops. */
  signal: AbortSignal;
  ip: string;
  /** The caller came over https. */
  secure: boolean;
  /** The body as it came, where there is one: signatures are over bytes. */
  rawBody?: Uint8Array;
  /** For log and metrics. */
  noteDecision: (value: string) => void;
}

export interface AuthenticatedFacts extends RequestFacts {
  principal: Principal;
}

export type Handler<R extends RouteDefinition> = (
  input: RouteInput<R>,
  request: R['scope'] extends 'public' ? RequestFacts : AuthenticatedFacts,
) => R extends { stream: 'text/event-stream' } ? AsyncIterable<StreamEvent> : R extends { stream: string } ? AsyncIterable<string> : Promise<RouteReply<R>>;

/** Handlers of some routes of the table, by their names there. */
export type Handlers<Names extends RouteName = RouteName> = { [Name in Names]: Handler<(typeof ROUTES)[Name]> };
