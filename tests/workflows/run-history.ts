import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { until } from './stage.ts';

const { EventType } = proto.temporal.api.enums.v1;

export type EventName = keyof typeof EventType;
type History = proto.temporal.api.history.v1.IHistory;

/** Events of a run by their names, without the common prefix. */
export async function eventNames(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map(({ eventType }) => (EventType[eventType ?? 0] ?? '').replace('EVENT_TYPE_', ''));
}

/** Waits until the run waits for people: a timer is set and nothing of it is under way. */
export function atRest(handle: WorkflowHandle): Promise<History> {
  return until(async () => {
    const { raw } = await handle.describe();
    if (raw.pendingWorkflowTask != null || (raw.pendingActivities ?? []).length > 0) return false;
    const names = await eventNames(handle);
    const count = (name: string): number => names.filter((seen) => seen === name).length;
    return count('TIMER_STARTED') > count('TIMER_FIRED') + count('TIMER_CANCELED') && handle.fetchHistory();
  });
}

/** Waits for the first event of that name. */
export const seen = (handle: WorkflowHandle, name: string): Promise<boolean> => until(async () => (await eventNames(handle)).includes(name));
