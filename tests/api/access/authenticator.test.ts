import { createAuthenticator } from '../../../api/access/authenticator.ts';
import { createKeyDirectory } from '../../../api/access/key-directory.ts';
import { keyMatches, mintApiKey, pepperOf } from '../../../api/access/key-secret.ts';
import { mintSessionToken } from '../../../api/access/session-token.ts';
import { formatApiKey } from '../../../core/access/api-key.ts';
import type { KeyCredential } from '../../../db/queries/keys.ts';
import type { SessionRow } from '../../../db/queries/sessions.ts';

const PEPPER = pepperOf(Buffer.alloc(32, 1));
const MINUTE = 60_000;

function credentialOf({ id, hmac, pepperVersion }: ReturnType<typeof mintApiKey>): KeyCredential {
  return {
    orgId: 'org',
    id,
    mode: 'live',
    scopes: ['events:read'],
    memberId: null,
    memberRole: null,
    secretHmac: hmac,
    pepperVersion,
    expiresAt: null,
    revokedAt: null,
  };
}

function arrange({ session }: { session?: SessionRow } = {}) {
  const clock = { nowMs: 0 };
  const rows = new Map<string, KeyCredential>();
  const lookUps: string[] = [];
  const used: string[] = [];
  const keys = createKeyDirectory({
    find: async (keyId) => {
      lookUps.push(keyId);
      return rows.get(keyId);
    },
    maxEntries: 3,
    now: () => clock.nowMs,
  });
  const authenticator = createAuthenticator({
    pepper: PEPPER,
    keys,
    findSession: async () => session,
    uses: { noteKey: (id) => void used.push(id), noteSession: () => undefined, close: async () => undefined },
    sessionIdleMs: 30 * MINUTE,
    now: () => clock.nowMs,
  });
  return { clock, rows, lookUps, used, keys, authenticator };
}

describe('a key', () => {
  it('is looked up once in 30 seconds, unknown ones like known ones', async () => {
    const { authenticator, rows, lookUps, clock } = arrange();
    const minted = mintApiKey(PEPPER, 'live');
    rows.set(minted.id, credentialOf(minted));
    const unknown = mintApiKey(PEPPER, 'live');
    for (const { key } of [minted, minted, unknown, unknown]) await authenticator.byKey(key);
    expect(lookUps).toEqual([minted.id, unknown.id]);
    clock.nowMs = 30_001;
    for (const { key } of [minted, unknown]) await authenticator.byKey(key);
    expect(lookUps).toEqual([minted.id, unknown.id, minted.id, unknown.id]);
  });

  it('in use is not pushed out by a flood of made-up ones', async () => {
    const { authenticator, rows, lookUps } = arrange();
    const minted = mintApiKey(PEPPER, 'live');
    rows.set(minted.id, credentialOf(minted));
    await authenticator.byKey(minted.key);
    for (let index = 0; index < 10; index++) await authenticator.byKey(mintApiKey(PEPPER, 'live').key);
    await authenticator.byKey(minted.key);
    expect(lookUps.filter((id) => id === minted.id)).toHaveLength(1);
  });

  it('that was revoked while it was looked up is not remembered', async () => {
    const { authenticator, rows, keys } = arrange();
    const minted = mintApiKey(PEPPER, 'live');
    rows.set(minted.id, credentialOf(minted));
    const first = authenticator.byKey(minted.key);
    keys.forget(minted.id);
    rows.set(minted.id, { ...credentialOf(minted), revokedAt: new Date(0) });
    await first;
    expect(await authenticator.byKey(minted.key)).toBeNull();
  });

  it('that could not be looked up is looked up again', async () => {
    let calls = 0;
    const keys = createKeyDirectory({
      find: async () => {
        calls += 1;
        throw new Error('away');
      },
      now: () => 0,
    });
    await expect(keys.find('AAAAAAAA')).rejects.toThrow('away');
    await expect(keys.find('AAAAAAAA')).rejects.toThrow('away');
    expect(calls).toBe(2);
  });

  it('expires while it is remembered', async () => {
    const { authenticator, rows, clock } = arrange();
    const minted = mintApiKey(PEPPER, 'live');
    rows.set(minted.id, { ...credentialOf(minted), expiresAt: new Date(1_000) });
    expect(await authenticator.byKey(minted.key)).not.toBeNull();
    clock.nowMs = 1_000;
    expect(await authenticator.byKey(minted.key)).toBeNull();
  });

  it('with the right id and another secret is refused and does not count as a use', async () => {
    const { authenticator, rows, used } = arrange();
    const minted = mintApiKey(PEPPER, 'live');
    rows.set(minted.id, credentialOf(minted));
    expect(await authenticator.byKey(formatApiKey({ mode: 'live', id: minted.id, secret: '0'.repeat(30) }))).toBeNull();
    expect(used).toEqual([]);
  });

  it('that is not well formed costs no look-up', async () => {
    const { authenticator, lookUps } = arrange();
    for (const text of ['', 'mg_live_', `${mintApiKey(PEPPER, 'live').key}x`, mintApiKey(PEPPER, 'live').key.slice(0, -1)])
      expect(await authenticator.byKey(text)).toBeNull();
    expect(lookUps).toEqual([]);
  });
});

describe('keyMatches', () => {
  it('works the same without a stored key, and refuses', () => {
    const { key } = mintApiKey(PEPPER, 'live');
    expect(keyMatches(PEPPER, key, undefined)).toBe(false);
  });

  it('refuses a row whose HMAC has another length or another pepper', () => {
    const { key, hmac } = mintApiKey(PEPPER, 'live');
    expect(keyMatches(PEPPER, key, { hmac, pepperVersion: 1 })).toBe(true);
    expect(keyMatches(PEPPER, key, { hmac: hmac.subarray(1), pepperVersion: 1 })).toBe(false);
    expect(keyMatches(PEPPER, key, { hmac, pepperVersion: 2 })).toBe(false);
    expect(keyMatches(pepperOf(Buffer.alloc(32, 2)), key, { hmac, pepperVersion: 1 })).toBe(false);
  });

  it('needs a master key of 32 bytes', () => {
    expect(() => pepperOf(Buffer.alloc(31))).toThrow(RangeError);
  });
});

const rowAt = (lastSeenMs: number, expiresMs: number): SessionRow => ({
  orgId: 'org',
  memberId: 'm',
  email: 'm@example.com',
  name: 'M',
  role: 'Viewer',
  groups: [],
  createdAt: new Date(0),
  lastSeenAt: new Date(lastSeenMs),
  expiresAt: new Date(expiresMs),
});

describe('a session', () => {
  it.each([
    ['stands up to the last moment of its idle time', 29 * MINUTE, 0, 720 * MINUTE, true],
    ['ends with its idle time', 30 * MINUTE, 0, 720 * MINUTE, false],
    ['ends with its lifetime though it was just used', 720 * MINUTE, 719 * MINUTE, 720 * MINUTE, false],
  ])('%s', async (_name, nowMs, lastSeenMs, expiresMs, stands) => {
    const { authenticator, clock } = arrange({ session: rowAt(lastSeenMs, expiresMs) });
    clock.nowMs = nowMs;
    expect((await authenticator.bySessionToken(mintSessionToken().token)) !== null).toBe(stands);
  });
});
