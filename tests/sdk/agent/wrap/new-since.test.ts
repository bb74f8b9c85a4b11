import { newSince } from '../../../../sdk/agent/src/wrap/new-since.ts';

const since = (turns: string): string => newSince(turns.split(''), (turn) => turn === 'm').join('');

describe('what is new to a model', () => {
  it('is what stands behind its last turn, and all where it has none', () => {
    expect(since('umumuru')).toBe('uru');
    expect(since('suu')).toBe('suu');
    expect(since('')).toBe('');
  });

  it('is not hidden by a turn that the caller has written for it', () => {
    expect(since('umum')).toBe('u');
    expect(since('um')).toBe('u');
    expect(since('umm')).toBe('u');
  });
});
