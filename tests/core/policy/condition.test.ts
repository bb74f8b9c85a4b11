import { readFileSync } from 'node:fs';
import { compileCondition } from '../../../core/policy/condition.ts';
import type { ConditionInput, ConditionResult } from '../../../core/policy/condition.ts';

const INPUT: ConditionInput = {
  event: {
    id: 'e1',
    agentId: 'a1',
    action: 'refund',
    tool: { name: 'pay', args: { amount: 150, rate: 1.5, name: 'hidden-value', list: [1, 2], nothing: null, odd: { constructor: 1, x: 1 } } },
    metadata: { flag: true },
  },
  mast: { riskScore: 42, categories: ['Action'], detectors: ['act.scope'] },
  session: { steps: 3, untrusted: true, private: false, egress: false },
  agent: { id: 'a1' },
};

function evaluate(source: string): ConditionResult {
  const compiled = compileCondition(source);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.condition(INPUT);
}

const problemOf = (source: string): string | null => {
  const compiled = compileCondition(source);
  return 'problem' in compiled ? compiled.problem : null;
};

describe('compileCondition', () => {
  test.each([
    'event.tool.args.amount > 100',
    'event.tool.args.amount == 150',
    '150 == event.tool.args.amount',
    'event.tool.args.amount in [1, 150]',
    'event.tool.args.rate < 2',
    'event.tool.args.amount * 2 == 300',
    '1 + event.tool.args.amount == 151',
    '-1 + event.tool.args.amount == 149',
    'event.tool.args.amount / 4 == 37.5',
    'size(event.tool.args.list) + event.tool.args.rate == 3.5',
    'size(event.tool.args.list) == 2',
    'event.tool.args.list == [1, 2]',
    'event.tool.args.list.exists(item, item * 2 == 4)',
    'int(event.tool.args.amount) % 2 == 0',
    '7 / 2 == 3',
    'mast.riskScore + 1 == 43',
    '"Action" in mast.categories && session.untrusted && session.steps >= 3',
    'event.metadata.flag',
    'event.tool.args.nothing == null',
    '!has(agent.owner) && !has(event.resource) && !has(event.tool.args.other)',
    'event.tool.args.missing == 1 || true',
  ])('%s is true', (source) => {
    expect(evaluate(source)).toEqual({ value: true });
  });

  test('a missing key, operands that do not go together and a result that is no bool are failures, not answers', () => {
    for (const source of [
      'event.resource.host == "x"',
      'event.tool.args.amount > "100"',
      'event.tool.args.amount % 2 == 0',
      'event.tool.args.amount',
      'event.tool.args.odd.x == 1',
      '!event.tool.args.name',
    ]) {
      expect(evaluate(source)).toHaveProperty('failure');
    }
  });

  test('inherited properties are not keys', () => {
    for (const key of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) expect(evaluate(`has(event.tool.args.${key})`)).toEqual({ value: false });
  });

  test('a failure gives the kind and the source text, never what the event holds', () => {
    const failures = [
      'event.tool.args.list[event.tool.args.amount] == 1',
      'event.tool.args.name > 1',
      'int(event.tool.args.name) == 1',
      'event.tool.args[event.tool.args.name] == 1',
      'timestamp(event.tool.args.name) == timestamp(event.tool.args.name)',
    ];
    for (const source of failures) {
      const result = evaluate(source);
      expect(result).toEqual({ failure: expect.stringMatching(/^[a-z_]+( at \d+: .+)?$/) });
      expect(JSON.stringify(result)).not.toMatch(/hidden-value|150/);
    }
  });

  test('a problem says where in the source it is', () => {
    expect(problemOf('event.id ==\n  &&')).toMatch(/line 2, column 3/);
    expect(problemOf('nosuch == 1')).toMatch(/nosuch.*line 1, column 1/);
  });

  test('refuses what is not of type bool', () => {
    for (const source of ['1', '"x"', 'size(event.id)', 'event.labels.map(l, l)', '1.0 == 1', '1 + "a" == 2']) expect(problemOf(source)).not.toBeNull();
  });

  test('knows no clock', () => {
    expect(problemOf('now() > timestamp("2026-01-01T00:00:00Z")')).not.toBeNull();
  });

  test('refuses expressions beyond the structural limits', () => {
    expect(problemOf(Array.from({ length: 600 }, () => 'true').join(' && '))).not.toBeNull();
    expect(problemOf(`${'('.repeat(60)}true${')'.repeat(60)}`)).not.toBeNull();
  });

  test('the examples of docs/spec/policy.md compile and answer', () => {
    const page = readFileSync(new URL('../../../docs/spec/policy.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```cel\n([^`]+)```/g)].flatMap((match) => (match[1] ?? '').trim().split('\n'));
    expect(examples.length).toBeGreaterThan(5);
    for (const source of examples) expect(evaluate(source)).toHaveProperty('value');
  });
});
