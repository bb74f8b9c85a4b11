// The bundle's entry: Temporal finds workflows by the names exported here.
export { governEvent } from './govern-event.ts';
export { maintainLedger } from './maintain-ledger.ts';
export { observeEvents } from './observe-events.ts';
