import type { Client } from '@temporalio/client';
import { defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { KeptRun, RunHistories, UnnamedRun } from '../activities/erasure.ts';
import { conductReviewId, governEventId } from '../workflows/ids.ts';
import { callWithin } from './call-within.ts';

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;

type Listed = proto.temporal.api.workflow.v1.IWorkflowExecutionInfo;

const CALL_MS = 10_000;
const PAGE_SIZE = 100;
const NOT_FOUND = 5;

/** Runs as Temporal lists them. It lists what has closed a moment late, so whoever wants none left looks twice. */
export function createRunHistories(client: Client, codec: PayloadCodec): RunHistories {
  const { namespace } = client.options;
  const service = client.workflowService;

  const list = async (query: string, cursor: string | null = null): Promise<{ executions: Listed[]; next: string | null }> => {
    const nextPageToken = cursor === null ? undefined : Buffer.from(cursor, 'base64');
    const { executions, nextPageToken: next } = await callWithin(client, CALL_MS, () =>
      service.listWorkflowExecutions({ namespace, query, pageSize: PAGE_SIZE, ...(nextPageToken && { nextPageToken }) }),
    );
    return { executions, next: next.length === 0 ? null : Buffer.from(next).toString('base64') };
  };

  /** What a run was started with; null where its history is gone or cannot be read. */
  const inputOf = async ({ workflowId, runId }: KeptRun): Promise<unknown> => {
    try {
      const { history } = await callWithin(client, CALL_MS, () =>
        service.getWorkflowExecutionHistory({ namespace, execution: { workflowId, runId }, maximumPageSize: 1 }),
      );
      const [payload] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      if (payload === undefined) return null;
      const [plain] = await codec.decode([payload]);
      return plain === undefined ? null : defaultPayloadConverter.fromPayload(plain);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  };

  return {
    async retentionMs() {
      const { config } = await callWithin(client, CALL_MS, () => service.describeNamespace({ namespace }));
      return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
    },
    async find(orgId, { eventIds = [], reviewIds = [] }) {
      const workflowIds = [...eventIds.map((id) => governEventId(orgId, id)), ...reviewIds.map((id) => conductReviewId(orgId, id))];
      const runs: KeptRun[] = [];
      for (let at = 0; at < workflowIds.length; at += PAGE_SIZE) {
        const query = `WorkflowId IN (${workflowIds
          .slice(at, at + PAGE_SIZE)
          .map(quoted)
          .join(', ')})`;
        let cursor: string | null = null;
        do {
          const { executions, next } = await list(query, cursor);
          runs.push(...executions.map(keptRun));
          cursor = next;
        } while (cursor !== null);
      }
      return runs;
    },
    async unnamed(orgId, cursor) {
      const query = `OrgId = ${quoted(orgId)} AND (WorkflowType IN ('observeEvents', 'decideReviews') OR (WorkflowType = 'governEvent' AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled')))`;
      const { executions, next } = await list(query, cursor);
      const runs = await Promise.all(
        executions.map(async (execution) => {
          const run = keptRun(execution);
          return { ...run, type: execution.type?.name as UnnamedRun['type'], input: await inputOf(run) };
        }),
      );
      return { runs, next };
    },
    async remove({ workflowId, runId }) {
      await callWithin(client, CALL_MS, () => service.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } })).catch(
        (error: unknown) => {
          if (!isGone(error)) throw error;
        },
      );
    },
  };
}

const keptRun = ({ execution, status }: Listed): KeptRun => ({
  workflowId: execution?.workflowId ?? '',
  runId: execution?.runId ?? '',
  isOpen: status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
});

/** Ids are of a narrow alphabet; this is for those that are not. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const isGone = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === NOT_FOUND;
