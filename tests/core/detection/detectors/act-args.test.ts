import type { ArgumentRule } from '../../../../schemas/agent.ts';
import type { Json } from '../../../../schemas/json.ts';
import { detectActArgs } from '../../../../core/detection/detectors/act-args.ts';
import type { Finding } from '../../../../core/mast/finding.ts';
import { runDetector } from '../../../support/detection-context.ts';

const check = (rule: ArgumentRule, value?: Json, additionalArgs = true): Finding | null =>
  runDetector(
    detectActArgs,
    { tool: { name: 'pay', args: value === undefined ? {} : { x: value } } },
    { profile: { grantedTools: [{ name: 'pay', args: { x: rule }, additionalArgs }] } },
  );

describe('act.args', () => {
  it('sends a number above its cap to a person', () => {
    expect(check({ max: 500 }, 501)).toMatchObject({ outcome: 'hitl', evidence: { rule: 'max', limit: 500 } });
    expect(check({ max: 500 }, 500)).toBeNull();
  });

  it.each([
    ['required', { required: true }, undefined],
    ['type', { type: 'number' }, '7'],
    ['type', { type: 'integer' }, 7.5],
    ['type', { max: 500 }, '9999'],
    ['min', { min: 1 }, 0],
    ['maxLength', { maxLength: 2 }, 'abc'],
    ['enum', { enum: ['EUR', { a: 1 }] }, 'USD'],
    ['pattern', { pattern: '[A-Z]+' }, 'abc'],
  ] as [string, ArgumentRule, Json | undefined][])('blocks a breach of %s', (rule, argumentRule, value) => {
    expect(check(argumentRule, value)).toMatchObject({ outcome: 'block', evidence: { rule } });
  });

  it('sends an unsafe pattern to a person instead of running it', () => {
    expect(check({ pattern: '(a+)+' }, 'a'.repeat(100))).toMatchObject({ outcome: 'hitl', evidence: { rule: 'unsafe pattern' } });
  });

  it('blocks unlisted arguments where the grant says so', () => {
    const profile = { grantedTools: [{ name: 'pay', additionalArgs: false }] };
    expect(runDetector(detectActArgs, { tool: { name: 'pay', args: { y: 1 } } }, { profile })).toMatchObject({
      outcome: 'block',
      evidence: { rule: 'unlisted' },
    });
  });

  it('lets arguments within their rules pass, and never repeats a value', () => {
    expect(check({ type: 'object', maxLength: 1 }, { a: 1 }, false)).toBeNull();
    expect(JSON.stringify(check({ enum: ['EUR'] }, 'very-private-value'))).not.toContain('very-private-value');
  });
});
