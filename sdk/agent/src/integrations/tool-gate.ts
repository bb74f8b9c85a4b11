import type { Json } from '../../../compliance/src/api-types.ts';
import { type EventDraft, type GovernedEvent, letsPass, type ShieldDecision } from '../decision.ts';
import { findBlocked } from '../find-blocked.ts';
import type { Governor } from '../governor.ts';
import { jsonOf } from '../json-of.ts';
import { longCall, permitToolCall } from '../long-call.ts';
import { reportingOutcome } from '../reporting-outcome.ts';
import { RESULT_ACTION } from '../result-action.ts';
import { permitAll } from '../wrap/permit-all.ts';
import { contentParts } from './content-parts.ts';
import { type Denial, denialOf } from './denial.ts';
import { noteGovernedResult } from '../governed-results.ts';

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

/** Leave to run a tool, with these arguments. */
export interface Entry {
  denial: undefined;
  args: unknown;
  decision: ShieldDecision;
}

/** Decides calls of tools for the integrations. A refusal is an answer for the model; an error is only what goes wrong. */
export interface ToolGate {
  /** Decides, and waits for nobody. What was decided is kept for `enter`. A call too long for one event passes here, and waits for its reviewers there. */
  ask: (call: ToolCall, options?: GateOptions) => Promise<'pass' | 'review' | 'deny'>;
  /** Waits for the reviewers where they are to be asked. */
  enter: (call: ToolCall, options?: GateOptions) => Promise<Entry | { denial: Denial }>;
  /** Governs what the tool has answered; a denial is to stand in its place. */
  leave: (call: Omit<ToolCall, 'args'>, result: unknown, options?: GateOptions) => Promise<Denial | undefined>;
  /** All of it: runs the tool when, and as often as, it is allowed. */
  run: <Result>(
    call: ToolCall,
    tool: { execute: (args: unknown) => Result | PromiseLike<Result>; contentOf?: (result: Result) => unknown },
    options?: GateOptions,
  ) => Promise<{ denial: Denial } | { denial: undefined; result: Result }>;
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

  /** A refusal is what the model will hear. */
  const denialFor = ({ callId }: Omit<ToolCall, 'args'>, error: unknown, before?: string): Denial => {
    const refused = denialFrom(error);
    // An agent that takes it for a call that was not made would make it again.
    const denial = before === undefined ? refused : { ...refused, reason: `${before} ${refused.reason}`, retryable: false };
    noteGovernedResult(governor, { callId, text: textOfResult(denial) });
    return denial;
  };

  const gate: ToolGate = {
    async ask(call, options) {
      const { callId } = call;
      const draft = draftOfCall(call);
      // That is several questions, and `enter` asks them.
      if (longCall(draft) !== undefined) return 'pass';
      const action = actionOf(draft);
      const known = callId === undefined ? undefined : asked.get(callId);
      // A framework that goes on with a run asks again; there is a review already.
      if (known?.action === action && isReview(known.decision)) return 'review';
      const { event, decision } = await governor.decide(draft, options);
      if (callId !== undefined) {
        asked.set(callId, { event, decision, action });
        const [oldest] = asked.keys();
        if (asked.size > MAX_ASKED && oldest !== undefined) asked.delete(oldest);
      }
      return letsPass(decision.value) ? 'pass' : isReview(decision) ? 'review' : 'deny';
    },

    async enter(call, options) {
      const draft = draftOfCall(call);
      const known = take(call, draft);
      try {
        const { args, decision } = known === undefined ? await permitToolCall(governor, draft, options) : await governor.settle(known, options);
        return { denial: undefined, args: args === undefined ? call.args : argsFrom(args, call.args), decision };
      } catch (error) {
        return { denial: denialFor(call, error) };
      }
    },

    async leave(call, result, options) {
      try {
        await permitAll(governor, draftsOfResult(call, result), options?.signal);
      } catch (error) {
        return denialFor(call, error, 'The call was made, and its result is withheld:');
      }
      noteGovernedResult(governor, { callId: call.callId, text: textOfResult(result) });
      return undefined;
    },

    async run(call, { execute, contentOf = (result) => result }, options) {
      const entry = await gate.enter(call, options);
      if (entry.denial !== undefined) return entry;
      const result = await reportingOutcome(governor, entry.decision, () => execute(entry.args));
      const denial = await gate.leave(call, contentOf(result), options);
      return denial === undefined ? { denial, result } : { denial };
    },
  };
  return gate;
}

const isReview = ({ value, review }: ShieldDecision): boolean => value === 'HITL' && review !== undefined;

/** @throws the error itself where it is no refusal */
export function denialFrom(error: unknown): Denial {
  const blocked = findBlocked(error);
  if (blocked === undefined) throw error;
  return denialOf(blocked.decision);
}

export function draftOfCall({ name, args, callId, draft }: ToolCall): EventDraft {
  return { ...draft, action: name, tool: { name, args: objectOf(args) }, ...metadataOf(callId) };
}

/** Events of what a tool has answered; an empty answer has none. */
export function draftsOfResult({ name, callId, draft }: Omit<ToolCall, 'args'>, result: unknown): EventDraft[] {
  const common = { ...draft, action: RESULT_ACTION, channel: 'tool_result', trust: 'untrusted', tool: { name }, ...metadataOf(callId) } as const;
  return contentParts(textOfResult(result)).map((content) => ({ ...common, content }));
}

const metadataOf = (callId: string | undefined): Pick<EventDraft, 'metadata'> => (callId === undefined ? {} : { metadata: { toolCallId: callId } });

const actionOf = ({ action, tool }: EventDraft): string => JSON.stringify([action, tool]);

/** As it goes over the wire. */
function objectOf(args: unknown): Record<string, Json> {
  const value = args === undefined ? {} : jsonOf(args);
  return isObject(value) ? value : { input: value };
}

/** What a reviewer has changed, in the form in which it was asked for. */
const argsFrom = (changed: Record<string, Json>, asked: unknown): unknown => (asked === undefined || isObject(asked) ? changed : changed['input']);

const isObject = (value: unknown): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text as it is, anything else as JSON. */
export const textOfResult = (result: unknown): string => (typeof result === 'string' ? result : result === undefined ? '' : JSON.stringify(jsonOf(result)));
