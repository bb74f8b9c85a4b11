import { Environment, EvaluationError, ParseError, TypeError } from '@marcbachmann/cel-js';
import { conditionProblem } from './condition-limits.ts';

/** What a condition sees. Keys without a value are absent, so that `has()` tells. */
export interface ConditionInput {
  event: object;
  mast: { riskScore: number; categories: readonly string[]; detectors: readonly string[] };
  session: { steps: number; untrusted: boolean; private: boolean; egress: boolean };
  agent: { id: string; owner?: string; purpose?: string };
}

/** Result of a condition; `failure` names the place in the condition and never a value of the event. */
export type ConditionResult = { value: boolean } | { failure: string };

export type Condition = (input: ConditionInput) => ConditionResult;

/** Parses, type checks and bounds a CEL expression. A `problem` carries the offset in the source. */
export function compileCondition(source: string): { condition: Condition } | { problem: string } {
  try {
    const parsed = ENVIRONMENT.parse(source);
    const checked = parsed.check();
    if (!checked.valid) return { problem: locate(checked.error, source) };
    if (checked.type !== 'bool' && checked.type !== 'dyn') return { problem: `a condition is of type bool, this one is ${checked.type}` };
    const limit = conditionProblem(parsed.ast);
    if (limit !== null) return { problem: limit };
    return { condition: (input) => run(parsed, input, source) };
  } catch (error) {
    return { problem: locate(error, source) };
  }
}

const ENVIRONMENT = openEnvironment();

function openEnvironment(): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 1000, maxDepth: 48, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 8 },
  });
  for (const name of ['event', 'mast', 'session', 'agent']) environment.registerVariable(name, 'map<string, dyn>');
  // JSON has one kind of number and it arrives as double: without these `amount * 2` would be refused, though `amount > 2` is not.
  const mixed: Record<string, (a: number, b: number) => number> = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b };
  for (const [sign, apply] of Object.entries(mixed)) {
    environment.registerOperator(`double ${sign} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
    environment.registerOperator(`int ${sign} double: double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  return environment;
}

const TRUE: ConditionResult = { value: true };
const FALSE: ConditionResult = { value: false };

function run(parsed: (context: ConditionInput) => unknown, input: ConditionInput, source: string): ConditionResult {
  try {
    const value = parsed(input);
    if (value === true) return TRUE;
    if (value === false) return FALSE;
    return { failure: 'not-bool: the condition gave something other than true or false' };
  } catch (error) {
    return { failure: describeFailure(error, source) };
  }
}

/** The library's own messages quote operands and keys, and so the event: only its code and the source text go out. */
function describeFailure(error: unknown, source: string): string {
  if (!isCelError(error)) return 'evaluation_failed';
  const { code, range } = error;
  if (range === undefined) return code;
  return `${code} at ${range.start}: ${source.slice(range.start, Math.min(range.end, range.start + 80))}`;
}

function locate(error: unknown, source: string): string {
  if (!isCelError(error)) return 'not a CEL expression';
  if (error.range === undefined) return error.summary;
  const before = source.slice(0, error.range.start).split('\n');
  return `${error.summary} (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function isCelError(error: unknown): error is ParseError | EvaluationError | TypeError {
  return error instanceof ParseError || error instanceof EvaluationError || error instanceof TypeError;
}
