import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { certificatesOf } from '../activities/anchors/pem-certificates.ts';
import { isCosignerKey } from '../activities/anchors/witness-anchor.ts';
import { parseVkey } from '../core/ledger/note.ts';
import { sha256 } from '../db/ledger-primitives.ts';

const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be 1 to 40 of a-z 0-9 -');
const Url = z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).username === '' && new URL(url).password === '', 'must hold no user name or password');
const Path = z.string().refine((path) => isAbsolute(path), 'must be an absolute path');

const AnchorConfig = z.discriminatedUnion('driver', [
  z.strictObject({ driver: z.literal('directory'), name: Name.default('directory'), path: Path }),
  z
    .strictObject({
      driver: z.literal('tsa'),
      name: Name.default('tsa'),
      url: Url,
      rootsFile: Path.transform((file, context) => {
        try {
          return certificatesOf(readFileSync(file, 'utf8'));
        } catch (error) {
          context.addIssue({ code: 'custom', message: `cannot be read as certificates: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}` });
          return z.NEVER;
        }
      }),
      policy: z
        .string()
        .regex(/^[0-2](\.(0|[1-9][0-9]*))+$/, 'must be an OID')
        .optional(),
    })
    .transform(({ rootsFile: roots, ...tsa }) => ({ ...tsa, roots })),
  z.strictObject({
    driver: z.literal('witness'),
    name: Name.default('witness'),
    url: Url,
    vkey: z.string().transform((text, context) => {
      const vkey = parseVkey(text, sha256);
      if (vkey !== undefined && isCosignerKey(vkey)) return vkey;
      context.addIssue({ code: 'custom', message: 'must be a verifier key of the type 0x04 (Ed25519 cosignatures)' });
      return z.NEVER;
    }),
  }),
  z.strictObject({
    driver: z.literal('webhook'),
    name: Name.default('webhook'),
    url: Url,
    secret: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, 'must be whsec_ and base64 of 24 bytes or more'),
  }),
]);

/** One place outside that checkpoints are shown to. */
export type AnchorConfig = z.output<typeof AnchorConfig>;

const Anchors = z
  .array(AnchorConfig)
  .max(20)
  .refine((anchors) => new Set(anchors.map(({ name }) => name)).size === anchors.length, 'two anchors have the same name');

/**
 * Reads the variable ANCHORS: a JSON array, or the absolute path of a file that holds one.
 * @throws Error that says what is wrong and quotes no value
 */
export function readAnchors(value: string): AnchorConfig[] {
  const parsed = Anchors.safeParse(parseJson(value.trimStart().startsWith('[') ? value : readText(value)));
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`).join('; '));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`is neither a JSON array nor a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, secrets and all.
    throw new Error('is not valid JSON');
  }
}
