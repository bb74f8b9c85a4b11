import type { SealedObject } from '../core/ledger/sealed-object.ts';
import type { Sealing, SubjectVault } from './subject-vault.ts';

export interface TextPlace {
  /** As in `SealedPlace`. */
  place: string;
}

/** One text for a column of its own, as JSON. */
export function sealText(
  vault: SubjectVault,
  orgId: string,
  { place, subject, text }: TextPlace & { subject: string; text: string },
): Pick<Sealing, 'keys'> & { text: string } {
  const { sealed, keys } = vault.seal(orgId, [{ place, subject, fields: { text } }]);
  return { text: JSON.stringify(sealed[0]), keys };
}

/** Texts of such columns, in order; null where there is none, and where it is erased. @throws SealBroken */
export async function openTexts(vault: SubjectVault, orgId: string, columns: readonly (TextPlace & { sealed: string | null })[]): Promise<(string | null)[]> {
  const kept = columns.flatMap(({ place, sealed }, index) => (sealed === null ? [] : [{ index, place, sealed: JSON.parse(sealed) as SealedObject }]));
  const opened = await vault.open(orgId, kept);
  const texts = columns.map((): string | null => null);
  for (const [at, { index }] of kept.entries()) texts[index] = (opened[at]?.['text'] as string | undefined) ?? null;
  return texts;
}

const TRIES = 5;

/**
 * Seals and records. A key that turned out to be out of date (its subject was erased, or somebody else was first) is read anew, and what it
 * sealed is sealed once more: nothing was recorded.
 */
export async function recordSealed<Sealed, Result>(
  vault: SubjectVault,
  { orgId, subject }: { orgId: string; subject: string },
  seal: () => Sealed | Promise<Sealed>,
  record: (sealed: Sealed) => Promise<Result>,
): Promise<Result> {
  await vault.prepare(orgId, [subject]);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await record(await seal());
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MG001' || attempt === TRIES) throw error;
      await vault.renew(orgId, [subject]);
    }
  }
}
