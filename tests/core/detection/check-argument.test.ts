import { checkArgument } from '../../../core/detection/check-argument.ts';

describe('checkArgument', () => {
  it('finds nothing in an argument that keeps within its rule, nor in one that is absent and need not be there', () => {
    expect(checkArgument('amount', { type: 'number', min: 0, max: 100, required: true }, 100)).toEqual([]);
    expect(checkArgument('amount', { max: 100 }, undefined)).toEqual([]);
    expect(checkArgument('anything', {}, { at: ['all'] })).toEqual([]);
  });

  it('names the first rule that is broken, and the limit where there is one', () => {
    expect(checkArgument('amount', { required: true }, undefined)).toEqual([{ argument: 'amount', rule: 'required', outcome: 'block' }]);
    expect(checkArgument('amount', { type: 'integer', max: 1 }, 2.5)).toEqual([{ argument: 'amount', rule: 'type', outcome: 'block' }]);
    expect(checkArgument('amount', { max: 100 }, 101)).toEqual([{ argument: 'amount', rule: 'max', outcome: 'hitl', limit: 100 }]);
  });

  it('leaves what a pattern it does not trust would say to a person', () => {
    expect(checkArgument('to', { pattern: '(a+)+' }, 'aaaa')).toEqual([{ argument: 'to', rule: 'unsafe pattern', outcome: 'hitl' }]);
  });
});
