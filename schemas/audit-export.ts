import { z } from 'zod';
import { DeploymentProof } from './audit.ts';

/** Files of an export that are sent as streams, one JSON object a line. */
export const ExportStream = z.enum(['entries.ndjson', 'bodies.ndjson', 'checkpoints.ndjson', 'tiles.ndjson']).meta({ id: 'ExportStream' });
export type ExportStream = z.infer<typeof ExportStream>;

const Milliseconds = z.int().meta({ description: 'Epoch milliseconds.' });

/** `export.json`. */
export const ExportHeader = z
  .strictObject({
    format: z.literal('mastguard-export'),
    v: z.literal(1),
    org: z.uuid(),
    origin: z.string().meta({ description: "Of the organisation's checkpoints." }),
    exportedAt: Milliseconds,
    size: z.int().min(0),
    minIndex: z.int().min(0),
    anchorHash: z.string().nullable(),
    head: z.strictObject({ nextSeq: z.int().min(0), head: z.string(), lastAt: Milliseconds.nullable(), checkpointSize: z.int().min(0) }),
  })
  .meta({ id: 'ExportHeader', description: 'What is exported, and how far.' });
export type ExportHeader = z.infer<typeof ExportHeader>;

export const ExportManifest = z
  .strictObject({
    snapshot: z.string().meta({ description: 'Pins the files: send it with every one of them.' }),
    purgedSince: z.boolean().meta({
      description: 'With `snapshot`: something was purged since that one was made. Go on reading with the one of this answer, from where each file ends.',
    }),
    lines: z
      .strictObject({ entries: z.int().min(0), checkpoints: z.int().min(0), tiles: z.int().min(0) })
      .meta({ description: 'Lines of the streams, for progress. There are as many bodies as entries, less those that are gone.' }),
    files: z
      .strictObject({
        'export.json': ExportHeader,
        'keys.json': z.strictObject({ vkeys: z.array(z.strictObject({ vkey: z.string(), use: z.enum(['log', 'time', 'deployment']) })) }),
        'deployment.json': DeploymentProof.nullable(),
      })
      .meta({ description: 'The files that are no streams, by name.' }),
  })
  .meta({ id: 'ExportManifest', description: 'An export as of now. Its files: docs/spec/ledger-v1.md.' });
export type ExportManifest = z.infer<typeof ExportManifest>;

/** Where a stream begins: an entry, a checkpoint by number, or a tile as `<level>/<index>`. */
export const StreamPosition = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})(?:\/(?:0|[1-9][0-9]{0,14}))?$/, 'must be a number, or <level>/<index> of a tile')
  .meta({ description: 'Go on from here: a `seq`, the `number` of a checkpoint, or a tile as `<level>/<index>`.' });
