import { openHouse } from '../../support/house.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { type LedgerDrillReport, runLedgerDrill } from './ledger-drill.ts';

export interface LedgerCommandOptions {
  seed: number;
  rounds: number;
  /** Of each drill. */
  seconds: number;
  write: (line: string) => void;
}

const COLUMNS = ['seconds', 'receipts', 'entries', 'checkpoints', 'proofs', 'kills', 'interrupted', 'lagMs'] as const;

/** `npm run chaos -- ledger [--seconds 60]`: the hammer, and then the same through kills. Answers how many promises were broken. */
export async function runLedgerCommand({ seed, rounds, seconds, write }: LedgerCommandOptions): Promise<number> {
  const house = await openHouse({ signer: true });
  let broken = 0;
  try {
    write(['drill'.padEnd(NAME_WIDTH), ...COLUMNS].join('  '));
    for (let round = 0; round < rounds; round += 1) {
      const random = seededRandom(seed + round);
      for (const kills of [[], ['signer', 'postgres', 'api', 'signer']] as const) {
        const report = await runLedgerDrill({ house, random, seconds, kills });
        write(lineOf(report));
        for (const violation of report.violations.slice(0, 10)) write(`    ${violation}`);
        broken += report.violations.length;
      }
    }
    return broken;
  } finally {
    await house.close();
  }
}

const NAME_WIDTH = 40;

const lineOf = (report: LedgerDrillReport): string =>
  [report.name.padEnd(NAME_WIDTH), ...COLUMNS.map((column) => String(report[column]).padStart(column.length))].join('  ');
