// The bundle's entry: Temporal finds workflows by the names exported here.
export { conductReview } from './conduct-review.ts';
export { decideReviews } from './decide-reviews.ts';
export { deliverNotification } from './deliver-notification.ts';
export { governEvent } from './govern-event.ts';
export { maintainLedger } from './maintain-ledger.ts';
export { notifyReviewers } from './notify-reviewers.ts';
export { observeEvents } from './observe-events.ts';
export { resumeSweeps } from './resume-sweeps.ts';
export { sweepReviews } from './sweep-reviews.ts';
export { testChannel } from './test-channel.ts';
