import { createHash } from 'node:crypto';
import { canonicalize } from '../../core/json/canonical.ts';
import type { BucketLimit } from '../../core/access/token-bucket.ts';
import type { AuditEntry } from '../../db/queries/audit.ts';
import { findSeqOfRecord } from '../../db/queries/audit-trail.ts';
import {
  finishInboundWebhook,
  type InboundResult,
  type InboundSecretRow,
  listInboundSecretsInForce,
  receiveWebhook,
} from '../../db/queries/inbound-webhooks.ts';
import type { ReviewRow } from '../../db/queries/reviews.ts';
import { recordId } from '../../db/record-id.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { WebhookSeals } from '../../db/webhook-seal.ts';
import { PublicId } from '../../schemas/ids.ts';
import { InboundMessage, type InboundReceipt } from '../../schemas/inbound-webhook.ts';
import type { JsonObject } from '../../schemas/json.ts';
import { isTimely, signerOf } from '../access/inbound-signature.ts';
import { findAskedReview } from '../asked-review.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import { auditRecord, type LedgerAppender } from '../ledger-appender.ts';
import { HttpProblem, type ProblemOptions, retryAfter } from '../problem.ts';
import { createRateLimiter } from '../rate-limiter.ts';
import { assertMayDecide } from '../reviewer.ts';
import { detailsOf } from '../validation.ts';
import { MOST_SECRETS } from './inbound-secrets.ts';
import { settled } from './reviews.ts';

export interface InboundWebhookRoutesOptions {
  vault: SubjectVault;
  runtime: Pick<GovernanceRuntime, 'review'>;
  ledger: LedgerAppender;
  seal: WebhookSeals['inbound'];
  now: () => number;
  /** Messages per secret. */
  limit?: BucketLimit;
  /** Messages that nobody has signed, per network address. */
  unsignedLimit?: BucketLimit;
}

/** A message, and whoever signed it. */
interface Signed {
  orgId: string;
  messageId: string;
  secret: InboundSecretRow;
  /** Keyed, of the raw body. */
  bodyDigest: string;
}

type Decision = Extract<InboundMessage, { type: 'review.decision' }>['data'];

export function inboundWebhookRoutes({
  vault,
  runtime,
  ledger,
  seal,
  now,
  limit = { burst: 600, windowMs: 60_000 },
  unsignedLimit = { burst: 60, windowMs: 60_000 },
}: InboundWebhookRoutesOptions): Handlers<'receiveWebhook'> {
  const { sql } = vault;
  const signedCalls = createRateLimiter({ limit, now });
  const unsignedCalls = createRateLimiter({ limit: unsignedLimit, now });
  const take = (limiter: typeof signedCalls, bucket: string): void => {
    const { allowed, retryMs } = limiter.take(bucket);
    if (!allowed) throw new HttpProblem('rate-limited', { headers: retryAfter(retryMs) });
  };

  /** The secret that signed it. An organisation that does not exist, an old message and a wrong signature get the same answer. */
  const signerIn = async (orgId: string, headers: Record<string, string | undefined>, body: Uint8Array): Promise<InboundSecretRow | undefined> => {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    if (id === undefined || timestamp === undefined || signature === undefined || !isTimely(timestamp, now())) return undefined;
    const rows = await listInboundSecretsInForce(sql, { orgId, limit: MOST_SECRETS });
    const secrets = rows.map((row) => seal.open(row.secret, { orgId, id: row.id }).secret);
    return rows[signerOf({ id, timestamp, signature, body }, secrets)];
  };

  /** Puts a refusal on record before it is answered; the same one again is the same record. */
  const refuse = async ({ orgId, messageId, secret }: Signed, refusal: string, problem: HttpProblem): Promise<never> => {
    const fields = { type: 'webhook.refused', actor: `webhook:${secret.id}`, target: messageId };
    const details = { refusal, code: problem.code };
    const id = recordId(orgId, 'inbound-refused', secret.id, messageId, refusal);
    await ledger.append(auditRecord(orgId, { id, body: canonicalize({ v: 1, ...fields, requestId: messageId, details }), fields }));
    throw problem;
  };

  const accept = async (signed: Signed, { type, data }: InboundMessage): Promise<ReviewRow | null> => {
    const invalid = (pointer: string, detail: string): HttpProblem => problemOf({ errors: [{ pointer, detail }] });
    if (type === 'ticket.closed') {
      const seq = await findSeqOfRecord(sql, { orgId: signed.orgId, id: recordId(signed.orgId, 'event', data.eventId) });
      return seq === undefined ? refuse(signed, 'no-such-event', invalid('/data/eventId', 'no such event')) : null;
    }
    if (!signed.secret.members.includes(data.memberId)) {
      return refuse(signed, 'member-not-named', new HttpProblem('not-permitted', { detail: 'this secret does not speak for that member' }));
    }
    return (
      (await findAskedReview(vault, { orgId: signed.orgId, reviewId: data.reviewId })) ??
      refuse(signed, 'no-such-review', invalid('/data/reviewId', 'no such review'))
    );
  };

  const decide = async ({ orgId, messageId, secret }: Signed, { memberId, verb, reason, digest }: Decision, review: ReviewRow): Promise<InboundResult> => {
    await assertMayDecide(sql, { orgId, memberId });
    const { id: reviewId, eventId, kind } = review;
    const outcome = await runtime.review({
      orgId,
      reviewId,
      eventId,
      kind,
      memberId,
      verb,
      via: `webhook:${secret.id}`,
      // One message, one decision, however often it is delivered.
      requestId: `whk_${messageId}`,
      ...(reason === undefined ? {} : { reason }),
      ...(digest === undefined ? {} : { digest }),
    });
    settled(outcome);
    return { reviewStatus: outcome.kind === 'recorded' ? outcome.status : null };
  };

  return {
    async receiveWebhook({ params: { orgId }, headers, body }, { ip, rawBody = new Uint8Array() }) {
      const secret = await signerIn(orgId, headers, rawBody);
      if (secret === undefined) {
        take(unsignedCalls, ip);
        throw new HttpProblem('unauthenticated', { detail: 'no valid signature of this organisation, or too old' });
      }
      take(signedCalls, secret.id);
      const messageId = headers['webhook-id'] ?? '';
      if (!PublicId.safeParse(messageId).success) throw problemOf({ errors: [{ pointer: '/webhook-id', detail: 'not an id', in: 'header' }] });
      const bodyDigest = vault.keyed(orgId, 'body-digest', createHash('sha256').update(rawBody).digest('hex'));
      const signed: Signed = { orgId, messageId, secret, bodyDigest };

      const parsed = InboundMessage.safeParse(body, { reportInput: false });
      if (!parsed.success) return refuse(signed, 'not-understood', problemOf({ errors: detailsOf(parsed.error.issues) }));
      const message = parsed.data;
      const review = await accept(signed, message);
      const { status, result } = await receiveWebhook(sql, { ...signed, secretId: secret.id, type: message.type, audit: auditOf(signed, message) });
      if (status === 'conflict') return refuse(signed, 'id-reused', new HttpProblem('id-reused', { detail: 'another message came under this id' }));
      const receipt = (done: InboundResult, duplicate: boolean): InboundReceipt => ({ messageId, type: message.type, duplicate, ...done });
      // One that was cut off before its end is taken up again: whatever it does is done once.
      if (result !== null) return { status: 200, body: receipt(result, true) };
      const done = message.type === 'review.decision' && review !== null ? await decide(signed, message.data, review) : { reviewStatus: null };
      await finishInboundWebhook(sql, { orgId, messageId, result: done });
      return { status: 200, body: receipt(done, status === 'known') };
    },
  };
}

const problemOf = (options: ProblemOptions): HttpProblem => new HttpProblem('validation-failed', options);

/** What stands on record of a message. The reason that a reviewer gives is in the review's own record, sealed. */
function auditOf({ orgId, messageId, secret, bodyDigest }: Signed, message: InboundMessage): AuditEntry {
  const { type, target, details } = factsOf(message);
  const fields = { type, actor: `webhook:${secret.id}`, target };
  const id = recordId(orgId, 'inbound-webhook', messageId, bodyDigest);
  return { id, body: canonicalize({ v: 1, ...fields, requestId: messageId, details: { messageId, ...details } }), fields };
}

function factsOf(message: InboundMessage): { type: string; target: string; details: JsonObject } {
  switch (message.type) {
    case 'review.decision': {
      const { reviewId, memberId, verb } = message.data;
      return { type: 'webhook.received', target: reviewId, details: { message: message.type, memberId, verb } };
    }
    case 'ticket.closed': {
      const { eventId, ticketId, resolution } = message.data;
      return { type: message.type, target: eventId, details: { ticketId, resolution } };
    }
  }
}
