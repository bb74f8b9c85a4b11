import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { until } from '../support/until.ts';

const { EventType } = proto.temporal.api.enums.v1;
const { History: ProtoHistory } = proto.temporal.api.history.v1;

export type History = proto.temporal.api.history.v1.IHistory;

/** Written into a history by the recording processes; of no use to a replay. */
const OF_THE_RECORDER = new Set(['identity', 'stackTrace', 'workerControlTaskQueue', 'workerInstanceKey']);

/** A history as text: field names, enum names, base64. Read back by {@link historyOfText}. */
export function textOfHistory(history: History): string {
  const plain = ProtoHistory.toObject(ProtoHistory.fromObject(history), { enums: String, bytes: String, longs: String });
  return `${JSON.stringify(plain, (key, value: unknown) => (OF_THE_RECORDER.has(key) ? undefined : value), 1)}\n`;
}

export const historyOfText = (text: string): History => ProtoHistory.fromObject(JSON.parse(text) as object);

/** Events of a run by their names, without the common prefix. */
export async function eventNames(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map(({ eventType }) => (EventType[eventType ?? 0] ?? '').replace('EVENT_TYPE_', ''));
}

/** Waits until the run waits for people: a timer is set and nothing of it is under way. */
export function atRest(handle: WorkflowHandle): Promise<History> {
  return until(async () => {
    const { raw } = await handle.describe();
    if ((raw.pendingWorkflowTask ?? null) !== null || (raw.pendingActivities ?? []).length > 0) return false;
    const names = await eventNames(handle);
    const count = (name: string): number => names.filter((seen) => seen === name).length;
    return count('TIMER_STARTED') > count('TIMER_FIRED') + count('TIMER_CANCELED') && handle.fetchHistory();
  });
}

/** Waits for the first event of that name. */
export const seen = (handle: WorkflowHandle, name: string): Promise<boolean> => until(async () => (await eventNames(handle)).includes(name));
