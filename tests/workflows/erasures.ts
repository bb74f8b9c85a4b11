import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { userSubject } from '../../core/ledger/personal-fields.ts';
import { eraseSubject as destroyKeys } from '../../db/queries/erasures.ts';
import { startErasure } from '../../workers/erasure-runs.ts';
import type { eraseSubject } from '../../workflows/erase-subject.ts';
import { eraseSubjectId } from '../../workflows/ids.ts';
import { auditOf } from '../support/ledger-records.ts';
import { until } from '../support/until.ts';
import type { Stage } from './stage.ts';

export interface LeftErasure {
  orgId: string;
  erasureId: string;
}

/** An erasure whose keys are destroyed and whose run nobody has started, of somebody with one event of that action. */
export async function leaveErasure(stage: Stage, action = 'look_up'): Promise<LeftErasure> {
  const { orgId } = stage;
  const user = `${randomUUID()}@example.com`;
  const run = await stage.start(stage.inputOf({ action, content: 'a private sentence', principal: { user } }));
  if (action === 'look_up') await run.result();
  const ref = stage.vault.refOf(orgId, userSubject(user));
  const id = `era_${randomUUID()}`;
  const audit = auditOf('erasure.recorded');
  const asked = { kind: 'user', ground: 'objection', groundText: null, reference: null, by: 'member:m', backupDays: 7 } as const;
  // The record stands a moment after the run was started.
  await until(async () => (await destroyKeys(stage.sql, { orgId, id, ref, ...asked, audit })).status === 'destroyed');
  return { orgId, erasureId: id };
}

export async function startLeft(stage: Stage, erasure: LeftErasure): Promise<WorkflowHandle<typeof eraseSubject>> {
  await startErasure(stage.temporal, erasure, 10_000);
  return stage.temporal.workflow.getHandle<typeof eraseSubject>(eraseSubjectId(erasure.orgId, erasure.erasureId));
}
