import { z } from 'zod';
import { EventId, PublicId, Timestamp } from './ids.ts';
import { ReviewStatus } from './review.ts';
import { plainText } from './text.ts';

const MemberId = z.string().min(1).max(128);

/** A person's decision, made in another tool. */
export const ReviewDecisionMessage = z
  .strictObject({
    type: z.literal('review.decision'),
    timestamp: Timestamp.optional(),
    data: z.strictObject({
      reviewId: z.string().min(1).max(128),
      memberId: MemberId.meta({ description: 'Whoever decided; the secret must name them.' }),
      verb: z.enum(['approve', 'reject']),
      reason: plainText(2_048).optional(),
      digest: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
        .optional()
        .meta({ description: 'The `actionDigest` they saw. Where it has changed since, nothing is decided.' }),
    }),
  })
  .meta({ id: 'ReviewDecisionMessage' });

/** Work about an event has ended in another tool. It is put on record beside the event, and changes nothing. */
export const TicketClosedMessage = z
  .strictObject({
    type: z.literal('ticket.closed'),
    timestamp: Timestamp.optional(),
    data: z.strictObject({
      ticketId: PublicId,
      eventId: EventId.meta({ description: 'The event that the ticket was about.' }),
      resolution: z.enum(['done', 'rejected', 'duplicate', 'other']),
    }),
  })
  .meta({ id: 'TicketClosedMessage' });

/** What is taken. */
export const InboundMessage = z.discriminatedUnion('type', [ReviewDecisionMessage, TicketClosedMessage]);
export type InboundMessage = z.infer<typeof InboundMessage>;

/** What is read before it is known whose it is. Only a message that is signed is told what is wrong with it. */
export const InboundBody = z
  .union([ReviewDecisionMessage, TicketClosedMessage, z.looseObject({})])
  .meta({ id: 'InboundMessage', description: 'Signed messages of other types are answered 422, and put on record.' });

const header = z.string().max(2_048).optional();
export const InboundHeaders = z.object({
  'webhook-id': header.meta({ description: 'Chosen by the sender: 1 to 128 characters of A-Z a-z 0-9 _ . : -. The same again is the same message.' }),
  'webhook-timestamp': header.meta({ description: 'Seconds since 1970; five minutes off at most.' }),
  'webhook-signature': header.meta({ description: 'Standard Webhooks: `v1,<base64>`, several with blanks between them.' }),
});

export const InboundReceipt = z
  .strictObject({
    messageId: z.string(),
    type: z.string(),
    duplicate: z.boolean().meta({ description: 'It had been received before. Nothing was done again.' }),
    reviewStatus: ReviewStatus.nullable().meta({ description: 'Of `review.decision`: where the review stood right after the decision.' }),
  })
  .meta({ id: 'InboundReceipt' });
export type InboundReceipt = z.infer<typeof InboundReceipt>;

export const InboundSecretInput = z
  .strictObject({
    name: plainText(200),
    members: z.array(MemberId).max(200).optional().meta({ description: 'Members in whose name messages may decide. Default: none.' }),
    expiresAt: Timestamp.optional(),
  })
  .meta({ id: 'InboundSecretInput' });

const secretShape = {
  id: z.string(),
  name: z.string(),
  members: z.array(z.string()),
  createdBy: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp.nullable(),
  revokedAt: Timestamp.nullable(),
};

export const InboundSecret = z.strictObject(secretShape).meta({ id: 'InboundSecret' });
export type InboundSecret = z.infer<typeof InboundSecret>;

export const CreatedInboundSecret = z
  .strictObject({
    ...secretShape,
    secret: z.string().meta({ description: 'Signs what is sent. Shown this once.', example: 'whsec_…' }),
    url: z.url().meta({ description: 'Where to send it.' }),
  })
  .meta({ id: 'CreatedInboundSecret' });
