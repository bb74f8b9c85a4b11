import { base64Of, bytesOfBase64 } from '../encoding/base64.ts';
import type { Hash } from './merkle.ts';

/** The parts of a c2sp.org/tlog-proof file, by custom `*.tlog-proof`. */
export interface ProofFile {
  index: number;
  /** From the leaf's sibling up. */
  proof: Hash[];
  /** The signed note, as it is. */
  checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

export function formatProofFile({ index, proof, checkpoint }: ProofFile): string {
  return `${[HEADER, `index ${index}`, ...proof.map(base64Of)].join('\n')}\n\n${checkpoint}`;
}

/** Undefined where the text is no proof file. An `extra` line is passed over, as nothing authenticates it. */
export function parseProofFile(text: string): ProofFile | undefined {
  const blank = text.indexOf('\n\n');
  if (blank < 0) return undefined;
  const [header, ...lines] = text.slice(0, blank).split('\n');
  if (lines[0]?.startsWith('extra ') === true && bytesOfBase64(lines.shift()?.slice('extra '.length) ?? '') === undefined) return undefined;
  const [indexLine = '', ...encoded] = lines;
  const digits = /^index (0|[1-9][0-9]{0,15})$/.exec(indexLine)?.[1];
  const proof = encoded.map(bytesOfBase64).filter((hash) => hash?.length === 32) as Hash[];
  const index = Number(digits);
  if (header !== HEADER || !Number.isSafeInteger(index) || proof.length !== encoded.length) return undefined;
  return { index, proof, checkpoint: text.slice(blank + 2) };
}
