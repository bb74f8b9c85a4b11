import type { Json } from '../../../compliance/src/api-types.ts';
import type { EventDraft, GovernedEvent, ShieldDecision } from '../decision.ts';
import { letsPass } from '../decision.ts';
import { findBlocked } from '../find-blocked.ts';
import type { Governor } from '../governor.ts';
import { type Denial, denialOf } from './denial.ts';
import { noteGovernedResult } from './governed-results.ts';
import { textParts } from './text-parts.ts';

export interface ToolCall {
  name: string;
  /** As the framework has them; what is no object is governed as `{ input }`. */
  args: unknown;
  /** The framework's name for the call. */
  callId?: string | undefined;
  /** More of the event, such as its session. */
  draft?: Partial<EventDraft> | undefined;
}

interface GateOptions {
  signal?: AbortSignal | undefined;
}

/** Decides calls of tools for the integrations. A refusal is an answer for the model; an error is only what goes wrong. */
export interface ToolGate {
  /** Decides, and waits for nobody. What was decided is kept for `enter`. */
  ask: (call: ToolCall, options?: GateOptions) => Promise<'pass' | 'review' | 'deny'>;
  /** Resolves when the tool may run, with the arguments to run it with, or must not. */
  enter: (call: ToolCall, options?: GateOptions) => Promise<{ denial: Denial } | { denial: undefined; args: unknown }>;
  /** Governs what the tool has answered; a denial is to stand in its place. */
  leave: (call: Omit<ToolCall, 'args'>, result: unknown, options?: GateOptions) => Promise<Denial | undefined>;
}

interface Asked {
  event: GovernedEvent;
  decision: ShieldDecision;
  /** What was asked about, as text. */
  action: string;
}

const MAX_ASKED = 10_000;
const gates = new WeakMap<Governor, ToolGate>();

/** One gate per governor: what one part of an integration has asked, another part may use. */
export function toolGate(governor: Governor): ToolGate {
  const gate = gates.get(governor) ?? createToolGate(governor);
  gates.set(governor, gate);
  return gate;
}

function createToolGate(governor: Governor): ToolGate {
  const asked = new Map<string, Asked>();

  /** The decision about this very call, once. */
  const take = ({ callId }: ToolCall, draft: EventDraft): Asked | undefined => {
    if (callId === undefined) return undefined;
    const known = asked.get(callId);
    asked.delete(callId);
    return known?.action === actionOf(draft) ? known : undefined;
  };

  return {
    async ask(call, options) {
      const draft = draftOfCall(call);
      const { event, decision } = await governor.decide(draft, options);
      if (call.callId !== undefined) {
        asked.set(call.callId, { event, decision, action: actionOf(draft) });
        const [oldest] = asked.keys();
        if (asked.size > MAX_ASKED && oldest !== undefined) asked.delete(oldest);
      }
      if (letsPass(decision.value)) return 'pass';
      return decision.value === 'HITL' && decision.review !== undefined ? 'review' : 'deny';
    },

    async enter(call, options) {
      const draft = draftOfCall(call);
      const known = take(call, draft);
      try {
        const { args } = known === undefined ? await governor.permit(draft, options) : await governor.settle(known, options);
        return { denial: undefined, args: args === undefined ? call.args : argsFrom(args, call.args) };
      } catch (error) {
        return { denial: denialFrom(error) };
      }
    },

    async leave(call, result, options) {
      try {
        for (const draft of draftsOfResult(call, result)) await governor.permit(draft, options);
      } catch (error) {
        return denialFrom(error);
      }
      noteGovernedResult(governor, { callId: call.callId, text: textOfResult(result) });
      return undefined;
    },
  };
}

/** @throws the error itself where it is no refusal */
function denialFrom(error: unknown): Denial {
  const blocked = findBlocked(error);
  if (blocked === undefined) throw error;
  return denialOf(blocked.decision);
}

export function draftOfCall({ name, args, callId, draft }: ToolCall): EventDraft {
  return { ...draft, action: name, tool: { name, args: objectOf(args) }, ...metadataOf(callId) };
}

/** Events of what a tool has answered, an empty answer having none. */
export function draftsOfResult({ name, callId, draft }: Omit<ToolCall, 'args'>, result: unknown): EventDraft[] {
  const text = textOfResult(result);
  const common = { ...draft, action: name, channel: 'tool_result', trust: 'untrusted', tool: { name }, ...metadataOf(callId) } as const;
  return text === '' ? [] : textParts(text).map((content) => ({ ...common, content }));
}

const metadataOf = (callId: string | undefined): Pick<EventDraft, 'metadata'> => (callId === undefined ? {} : { metadata: { toolCallId: callId } });

const actionOf = ({ action, tool }: EventDraft): string => JSON.stringify([action, tool]);

/** As it goes over the wire. */
function objectOf(args: unknown): Record<string, Json> {
  const value = args === undefined ? {} : (JSON.parse(JSON.stringify(args) ?? 'null') as Json);
  return isObject(value) ? value : { input: value };
}

/** What a reviewer has changed, in the form in which it was asked for. */
const argsFrom = (changed: Record<string, Json>, asked: unknown): unknown => (asked === undefined || isObject(asked) ? changed : changed['input']);

const isObject = (value: unknown): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text as it is, anything else as JSON. */
export const textOfResult = (result: unknown): string => (typeof result === 'string' ? result : (JSON.stringify(result) ?? ''));
