import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { createErasureActivities } from '../../activities/erasure.ts';
import { createLedgerCheckActivities } from '../../activities/ledger-check.ts';
import { createMaintenanceActivities } from '../../activities/maintenance.ts';
import { createResumeActivities } from '../../activities/resume.ts';
import { createAnchors } from '../anchors.ts';
import { beat } from '../beat.ts';
import { resumeErasure } from '../erasure-runs.ts';
import { wakeReview } from '../restart-review.ts';
import { createRetention } from '../retention.ts';
import { createRunHistories } from '../run-histories.ts';
import { ensureSchedules } from '../schedules.ts';
import { createMaintenanceWorker } from '../step-workers.ts';
import { startSweep } from '../sweep-runs.ts';
import type { RoleParts, RunningRole } from './role.ts';

/** Scheduled upkeep: partitions, purge, erasures, anchors, verification, and the runs that were lost. */
export async function openMaintenanceRole({ config, temporal, codec, vault, metrics, logger }: RoleParts): Promise<RunningRole> {
  const { sql } = vault;
  const { client } = temporal;
  const now = Date.now;
  const anchors = createAnchors(sql, config, { metrics, logger });
  const retention = createRetention(config, logger);
  const activities = {
    ...anchors.activities,
    ...retention?.activities,
    ...createMaintenanceActivities({ sql, reportDefaultRows: defaultRowsGauge(metrics, logger) }),
    ...createResumeActivities({
      sql,
      startSweep: (sweep) => startSweep(client, sweep),
      startErasure: (erasure) => resumeErasure(client, erasure),
      wakeReview: (review) => wakeReview(client, vault, review),
      now,
    }),
    ...createLedgerCheckActivities({ sql }),
    ...createErasureActivities({ vault, histories: createRunHistories(client, codec), now, beat }),
  };
  const worker = await createMaintenanceWorker(temporal, activities, config.workflowBundlePath);
  await ensureSchedules(client, { purges: retention !== null });
  return {
    workers: [worker],
    async close() {
      anchors.close();
      await retention?.close();
    },
  };
}

function defaultRowsGauge(registry: Registry, logger: Logger): (count: number) => void {
  const gauge = new Gauge({
    name: 'mastguard_ledger_default_partition_rows',
    help: 'Ledger records for which no partition was ready. Alert above 0.',
    registers: [registry],
  });
  return (count) => {
    gauge.set(count);
    if (count > 0) logger.error({ count }, 'ledger records fell into a default partition');
  };
}
