import { TemporalFailure } from '@temporalio/workflow';

/** Whether a child could not be started because a run of its id is there. The class has no export that workflow code may import. */
export const isAlreadyStarted = (error: unknown): boolean => error instanceof TemporalFailure && error.name === 'WorkflowExecutionAlreadyStartedError';
