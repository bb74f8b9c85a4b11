import { createCredentialUses } from '../../../api/access/credential-uses.ts';

describe('uses of credentials', () => {
  it('are written once each, however often a key was used, and the rest on closing', async () => {
    const writes: { keyIds: string[]; tokenHashes: string[] }[] = [];
    const uses = createCredentialUses({ write: async (pending) => void writes.push(pending), onError: () => undefined, everyMs: 60_000 });
    for (let count = 0; count < 100; count++) uses.noteKey('a');
    uses.noteSession(Buffer.from([1, 255]));
    await uses.close();
    expect(writes).toEqual([{ keyIds: ['a'], tokenHashes: ['01ff'] }]);
  });

  it('that cannot be written are let go, not gathered for ever', async () => {
    const errors: unknown[] = [];
    const uses = createCredentialUses({
      write: async () => {
        throw new Error('away');
      },
      onError: (error) => void errors.push(error),
      everyMs: 60_000,
      maxPending: 2,
    });
    for (const id of ['a', 'b', 'c']) uses.noteKey(id);
    await uses.close();
    expect(errors).toHaveLength(1);
  });
});
