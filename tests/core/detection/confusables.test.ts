import { foldConfusables } from '../../../core/detection/confusables.ts';

describe('foldConfusables', () => {
  it('folds Cyrillic, Greek, small-capital and boxed look-alikes to Latin', () => {
    expect(foldConfusables('іgnоrе ραge ꜱʏꜱᴛᴇᴍ 🅿🅰🆂🆂')).toBe('ignore page system pass');
  });

  it('leaves ASCII and letters without a Latin look-alike unchanged', () => {
    expect(foldConfusables('plain 123 жщ 漢字')).toBe('plain 123 жщ 漢字');
  });
});
