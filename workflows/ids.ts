/** Ids of runs. Pure, so that the API, the workers and the tests build the same ones. */
export const governEventId = (orgId: string, eventId: string): string => `gov/${orgId}/${eventId}`;

/** `batchKey` is derived from the batch's content, so that a retried batch is the same run. */
export const observeEventsId = (orgId: string, batchKey: string): string => `obs/${orgId}/${batchKey}`;
