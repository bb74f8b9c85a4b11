import { pathToFileURL } from 'node:url';
import { compilePolicy } from '../core/policy/compile.ts';
import { evaluatePolicy } from '../core/policy/evaluate.ts';
import type { PolicyInput } from '../core/policy/evaluate.ts';
import { DetectorId } from '../schemas/mast.ts';
import type { PolicyEffect, PolicyRule, PolicySet } from '../schemas/policy.ts';

/**
 * Time of one policy evaluation for sets of 1 to 1,000 rules: a table, then one JSON line a size
 * `{bench, rules, nsP50, nsP99, nsMean}`. The sizes take turns in rounds, so that a busy moment of the machine strikes all of them;
 * each figure is the median of the rounds. Samples are batches of 64 evaluations, so P99 is of batch means, not of single calls.
 */
export async function runPolicyBench(): Promise<void> {
  const subjects = SIZES.map((rules) => ({ rules, compiled: compilePolicy(ruleSet(rules)), inputs: policyInputs(rules), rounds: [] as Round[] }));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const { compiled, inputs, rounds } of subjects) {
      const measured = measureRound((at) => evaluatePolicy(compiled, inputs[at % inputs.length] ?? fallback()).effect === 'block');
      if (round >= WARM_UP_ROUNDS) rounds.push(measured);
    }
    // Lets the process breathe between rounds when it runs beside others.
    await Promise.resolve();
  }
  const results = subjects.map(({ rules, rounds }) => ({
    bench: 'policy',
    rules,
    nsP50: median(rounds.map((each) => each.nsP50)),
    nsP99: median(rounds.map((each) => each.nsP99)),
    nsMean: median(rounds.map((each) => each.nsMean)),
  }));
  process.stdout.write(`${['rules', 'p50 ns', 'p99 ns', 'mean ns'].map((title) => title.padStart(8)).join('')}\n`);
  for (const { rules, nsP50, nsP99, nsMean } of results)
    process.stdout.write(`${[rules, nsP50, nsP99, nsMean].map((value) => String(value).padStart(8)).join('')}\n`);
  for (const result of results) process.stdout.write(`${JSON.stringify(result)}\n`);
}

const SIZES = [1, 10, 100, 1000];
const WARM_UP_ROUNDS = 2;
const ROUNDS = 9;
const SAMPLES = 400;
const BATCH = 64;

interface Round {
  nsP50: number;
  nsP99: number;
  nsMean: number;
}

function measureRound(evaluateOne: (at: number) => boolean): Round {
  const samples = new Float64Array(SAMPLES);
  let blocked = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const startedAt = process.hrtime.bigint();
    for (let at = 0; at < BATCH; at++) if (evaluateOne(sample * BATCH + at)) blocked++;
    samples[sample] = Number(process.hrtime.bigint() - startedAt) / BATCH;
  }
  // Uses the answers, so that no compiler may leave the work out.
  if (blocked > SAMPLES * BATCH) throw new Error('more answers than questions');
  const sorted = samples.toSorted();
  const nsMean = samples.reduce((sum, each) => sum + each, 0) / SAMPLES;
  return { nsP50: Math.round(sorted[SAMPLES >> 1] ?? 0), nsP99: Math.round(sorted[Math.floor(SAMPLES * 0.99)] ?? 0), nsMean: Math.round(nsMean) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

const EFFECTS: readonly PolicyEffect[] = ['block', 'hitl', 'alert', 'allow'];
const RULES_PER_ACTION = 20;

const actionCount = (size: number): number => Math.max(1, Math.floor(size / RULES_PER_ACTION));
const actionName = (action: number): string => `action-${String(action).padStart(3, '0')}.run`;

/**
 * Twenty rules an action: fifteen each for an agent of its own, five for every agent with a certain finding. One rule in ten has a
 * condition, one in twenty names its action by prefix, one in fifty is for every action.
 */
function ruleSet(size: number): PolicySet {
  return { rules: Array.from({ length: size }, (_, at) => benchRule(at, at % actionCount(size), Math.floor(at / actionCount(size)))) };
}

function benchRule(at: number, action: number, turn: number): PolicyRule {
  const forEveryAgent = turn % 4 === 0;
  const when: PolicyRule['when'] = { actions: [actionName(action)] };
  const detector = DetectorId.options[turn / 4];
  if (forEveryAgent && detector !== undefined) when.detectors = [detector];
  else when.agents = [`agent-${turn}`];
  if (at % 20 === 19) when.actions = [actionName(action).replace('run', '*')];
  if (at % 50 === 49) delete when.actions;
  if (at % 10 === 9) when.condition = `has(event.tool.args.amount) && event.tool.args.amount > ${at}`;
  return {
    id: `rule-${at}`,
    priority: forEveryAgent ? 0 : at + 1,
    when,
    effect: EFFECTS[at % EFFECTS.length] ?? 'block',
    reason: 'Synthetic rule of the benchmark.',
  };
}

/** Events that hit and miss: actions and agents in turn, a few that no rule names, a finding in every second event. */
function policyInputs(size: number): PolicyInput[] {
  return Array.from({ length: 512 }, (_, at) => {
    const agentId = `agent-${at % (RULES_PER_ACTION + 5)}`;
    const action = actionName((at * 7) % (actionCount(size) + 2));
    const detector = DetectorId.options[at % 5] ?? 'act.scope';
    return {
      event: { id: `e${at}`, agentId, action, tool: { name: action, args: { amount: (at * 37) % 1500 } } },
      findings: at % 2 === 0 ? [] : [{ detector, category: 'Action', mode: null, confidence: 0.8, outcome: 'alert', reason: 'synthetic', evidence: {} }],
      riskScore: (at * 13) % 101,
      session: null,
      agent: { id: agentId },
      nowMs: 1_750_000_000_000,
    };
  });
}

function fallback(): never {
  throw new Error('no input');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await runPolicyBench();
