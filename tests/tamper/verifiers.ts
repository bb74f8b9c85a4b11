import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { openDirectory } from '../../cli/verify/directory-source.ts';
import { nodePrimitives } from '../../cli/verify/node-primitives.ts';
import type { Finding } from '../../core/ledger/verify/findings.ts';
import { verifyExport } from '../../core/ledger/verify/verify-export.ts';
import { repositoryRoot } from '../../scripts/lib/paths.mjs';

/** What a verifier says of a directory: `<code> <ref>` with `×<count>` behind it where there is more than one; or that there is nothing to verify. */
export type Verdict = readonly string[] | 'unreadable';

export interface Verifier {
  name: string;
  /** `vkeys`: keys to trust instead of those of the export. */
  verify: (directory: string, vkeys: readonly string[]) => Promise<Verdict>;
}

export const VERIFIERS: readonly Verifier[] = [
  {
    name: 'mastguard verify',
    async verify(directory, vkeys) {
      const source = await openDirectory({ directory, threads: 0 });
      try {
        const result = await verifyExport({ source, primitives: nodePrimitives, vkeys });
        return 'problem' in result ? 'unreadable' : linesOf(result.findings);
      } finally {
        await source.close();
      }
    },
  },
  {
    name: 'verify.py',
    verify(directory, vkeys) {
      const args = [join(repositoryRoot, 'verify', 'verify.py'), directory, '--json', ...vkeys.flatMap((vkey) => ['--vkey', vkey])];
      return new Promise((resolve, reject) => {
        execFile('python3', args, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (code === 2) resolve('unreadable');
          else if (code === 0 || code === 1) resolve(linesOf((JSON.parse(stdout) as { findings: Finding[] }).findings));
          else reject(new Error(`verify.py ended with ${code}: ${stderr.slice(-2_000)}`));
        });
      });
    },
  },
];

const linesOf = (findings: readonly Finding[]): string[] => findings.map(({ code, ref, count }) => `${code} ${ref}${count > 1 ? ` ×${count}` : ''}`);
