import type { Logger } from 'pino';
import type { Sql } from '../../db/client.ts';
import { findActiveMember } from '../../db/queries/members.ts';
import type { Member } from '../../db/queries/members.ts';
import { findSignInCandidates, openSession } from '../../db/queries/sessions.ts';
import type { SignInCandidate } from '../../db/queries/sessions.ts';
import type { SignInInput } from '../../schemas/session.ts';
import { auditEntry } from '../audit.ts';
import { sha256Hex } from '../digest.ts';
import { auditRecord } from '../ledger-appender.ts';
import type { LedgerAppender } from '../ledger-appender.ts';
import { createAdmission } from '../middleware/admission.ts';
import { HttpProblem, retryAfter } from '../problem.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import { callerNetwork } from './caller-network.ts';
import { passwordMatches } from './password.ts';
import { mintSessionToken } from './session-token.ts';

export interface SignedIn {
  token: string;
  orgId: string;
  member: Member;
  expiresAt: Date;
}

/** Throws 401 with one text for an unknown address and a wrong password, 429 after too many tries. */
export type SignIn = (input: SignInInput, request: { ip: string; requestId: string }) => Promise<SignedIn>;

export interface SignInOptions {
  sql: Sql;
  ledger: LedgerAppender;
  /** By address and network. */
  limiter: RateLimiter;
  /** By network alone: it bounds how many addresses one caller can try, and how much of the line of checks it can fill. */
  networkLimiter: RateLimiter;
  sessionLifetimeMs: number;
  logger: Logger;
  now: () => number;
  verify?: (password: string, encoded: string | null) => Promise<boolean>;
}

export function createSignIn({ sql, ledger, limiter, networkLimiter, sessionLifetimeMs, logger, now, verify = passwordMatches }: SignInOptions): SignIn {
  // Each check takes 32 MiB and a thread of the pool: two at once leave room for everything else.
  const checks = createAdmission({ maxInFlight: 2, maxQueued: 32, maxWaitMs: 5_000 });

  return async ({ email: typed, password }, { ip, requestId }) => {
    const email = typed.trim().toLowerCase();
    const network = callerNetwork(ip);
    const bucket = `${network} ${sha256Hex(email)}`;
    take(networkLimiter, network);
    take(limiter, bucket);
    const candidates = email.includes('\u0000') ? [] : await findSignInCandidates(sql, { email });
    const candidate = await checks.run(null, () => firstMatch(candidates, password, verify));
    if (candidate === undefined) {
      // Not waited for: only a known address is recorded, and the time must not tell which one is.
      for (const { orgId, id } of candidates) {
        const audit = auditEntry({ type: 'session.refused', actor: 'system', target: id, requestId });
        ledger.append(auditRecord(orgId, audit)).catch((error: unknown) => logger.error({ requestId, err: error }, 'refused sign-in was not recorded'));
      }
      throw new HttpProblem('unauthenticated', { detail: 'the address or the password is wrong' });
    }
    // The network's tries stay taken: else whoever has one password could guess those of others without end.
    limiter.reset(bucket);
    return open(candidate, requestId);
  };

  async function open({ orgId, id: memberId }: SignInCandidate, requestId: string): Promise<SignedIn> {
    const { token, hash: tokenHash } = mintSessionToken();
    const expiresAt = new Date(now() + sessionLifetimeMs);
    const audit = auditEntry({ type: 'session.opened', actor: `member:${memberId}`, requestId });
    await openSession(sql, { orgId, tokenHash, memberId, expiresAt, audit });
    const member = await findActiveMember(sql, { orgId, memberId });
    if (member === undefined) throw new HttpProblem('unauthenticated');
    return { token, orgId, member, expiresAt };
  }
}

function take(limiter: RateLimiter, bucket: string): void {
  const { allowed, retryMs } = limiter.take(bucket);
  if (!allowed) throw new HttpProblem('rate-limited', { detail: 'too many tries to sign in', headers: retryAfter(retryMs) });
}

/** Checks at least one password, so that an unknown address takes as long as a wrong password. */
async function firstMatch(
  candidates: readonly SignInCandidate[],
  password: string,
  verify: (password: string, encoded: string | null) => Promise<boolean>,
): Promise<SignInCandidate | undefined> {
  if (candidates.length === 0) await verify(password, null);
  for (const candidate of candidates) {
    if (await verify(password, candidate.passwordHash)) return candidate;
  }
  return undefined;
}
