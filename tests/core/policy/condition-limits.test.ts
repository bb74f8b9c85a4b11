import { compileCondition } from '../../../core/policy/condition.ts';

const problemOf = (source: string): string | null => {
  const compiled = compileCondition(source);
  return 'problem' in compiled ? compiled.problem : null;
};

describe('conditionProblem', () => {
  test.each([
    ['mast.riskscore > 1', 'mast.riskscore'],
    ['has(event.toool)', 'event.toool'],
    ['event.resource.hots == "x"', 'event.resource.hots'],
    ['event.tool.labels.effects == "x"', 'event.tool.labels.effects'],
    ['true || (false && session.step > 1)', 'session.step'],
    ['event.labels.exists(l, l == agent.name)', 'agent.name'],
  ])('%s is refused for the unknown field %s', (source, field) => {
    expect(problemOf(source)).toContain(`unknown field \`${field}\``);
  });

  test('keys the caller chooses are free', () => {
    expect(problemOf('event.tool.args.anything.at.all == 1 && event.metadata.riskscore == 2')).toBeNull();
  });

  test('a loop inside a loop is refused wherever it hides, loops side by side are not', () => {
    expect(problemOf('event.labels.exists(a, event.labels.exists(b, a == b))')).toMatch(/inside another loop/);
    expect(problemOf('event.labels.all(a, size(event.labels.filter(b, b == a)) > 0)')).toMatch(/inside another loop/);
    expect(problemOf('event.labels.exists(a, cel.bind(x, event.labels.map(b, b), size(x) > 0))')).toMatch(/inside another loop/);
    expect(problemOf('event.labels.filter(a, a != "x").exists(b, b == "y") || mast.detectors.exists(c, c == "z")')).toBeNull();
  });

  test('`matches` takes literal patterns that run in linear time, inside loops too', () => {
    expect(problemOf('event.content.matches(event.intent)')).toMatch(/literal/);
    expect(problemOf('event.labels.exists(l, l.matches("(a+)+$"))')).toMatch(/open repetition/);
    expect(problemOf('event.content.matches("^[a-z]+$")')).toBeNull();
  });
});
