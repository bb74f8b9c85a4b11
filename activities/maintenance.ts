import type { Sql } from '../db/client.ts';
import { countDefaultRows, makeLedgerPartitions } from '../db/queries/partitions.ts';

export type MaintenanceActivities = ReturnType<typeof createMaintenanceActivities>;

export interface MaintenanceDeps {
  sql: Sql;
  /** Told how many records no partition was ready for; an alert when it is not zero. */
  reportDefaultRows: (count: number) => void;
  aheadDays?: number;
}

/** Upkeep of the ledger's tables. */
export function createMaintenanceActivities({ sql, reportDefaultRows, aheadDays = 8 }: MaintenanceDeps) {
  return {
    /** Makes partitions `aheadDays` ahead. Running it twice makes nothing twice. */
    async makePartitions(): Promise<{ partitionsMade: number; defaultRows: number }> {
      const partitionsMade = await makeLedgerPartitions(sql, { aheadDays });
      const defaultRows = await countDefaultRows(sql);
      reportDefaultRows(defaultRows);
      return { partitionsMade, defaultRows };
    },
  };
}
