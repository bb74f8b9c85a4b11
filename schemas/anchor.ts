import { z } from 'zod';
import { Timestamp } from './ids.ts';

export const AnchorDriver = z.enum(['directory', 'tsa', 'witness', 'webhook']).meta({
  id: 'AnchorDriver',
  description:
    'directory: an append-only directory, such as the copy of an object-lock bucket. tsa: a time-stamp authority (RFC 3161). ' +
    'witness: a C2SP witness. webhook: a URL the operator chose.',
});
export type AnchorDriver = z.infer<typeof AnchorDriver>;

export const AnchorReceiptStatus = z.enum(['anchored', 'refused']).meta({
  id: 'AnchorReceiptStatus',
  description: 'anchored: it was shown there. refused: the anchor holds another checkpoint in its place, or never takes it. Look into every refused one.',
});
export type AnchorReceiptStatus = z.infer<typeof AnchorReceiptStatus>;

/** Whose checkpoint was shown. */
export const AnchoredLog = z.enum(['organization', 'deployment']).meta({ id: 'AnchoredLog' });
export type AnchoredLog = z.infer<typeof AnchoredLog>;

export const AnchorReceipt = z
  .strictObject({
    anchor: z.string().meta({ description: 'Name that the operator gave it.' }),
    driver: AnchorDriver,
    of: AnchoredLog,
    origin: z.string().meta({ description: 'Of the log whose checkpoint it is.' }),
    number: z.int().min(1).meta({ description: 'Of the checkpoint.' }),
    size: z.int().min(0),
    status: AnchorReceiptStatus,
    receipt: z
      .string()
      .nullable()
      .meta({
        description:
          'directory: path of the file. tsa: the time-stamp response, DER in base64. witness: the checkpoint with its cosignatures. ' +
          'webhook: status of the answer and id of the message. Null where it was refused.',
      }),
    problem: z.string().nullable().meta({ description: 'Why it was refused.' }),
    note: z.string().meta({ description: 'The checkpoint, a C2SP signed note: what was shown.' }),
    anchoredAt: Timestamp,
  })
  .meta({ id: 'AnchorReceipt', description: 'That a signed checkpoint was shown outside of this installation. How to check it: docs/anchors.md.' });
export type AnchorReceipt = z.infer<typeof AnchorReceipt>;
