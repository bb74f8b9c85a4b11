// The bundle's entry: Temporal finds workflows by the names exported here.
export { anchorCheckpoints } from './anchor-checkpoints.ts';
export { conductReview } from './conduct-review.ts';
export { decideReviews } from './decide-reviews.ts';
export { deliverNotification } from './deliver-notification.ts';
export { eraseSubject } from './erase-subject.ts';
export { governEvent } from './govern-event.ts';
export { maintainLedger } from './maintain-ledger.ts';
export { notifyReviewers } from './notify-reviewers.ts';
export { observeEvents } from './observe-events.ts';
export { publishToAnchor } from './publish-to-anchor.ts';
export { resumeSweeps } from './resume-sweeps.ts';
export { retentionPurge } from './retention-purge.ts';
export { sweepReviews } from './sweep-reviews.ts';
export { testChannel } from './test-channel.ts';
export { verifyLedger } from './verify-ledger.ts';
export { verifyLedgers } from './verify-ledgers.ts';
