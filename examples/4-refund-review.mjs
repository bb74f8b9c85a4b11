/** A refund that people decide: the agent asks, waits for the reviewers, uses their approval once, and pays what they have left in it. */
import { actionDigest, MastGuardClient, MastGuardConflictError } from '@auxdynamics/mastguard-sdk';

const mg = new MastGuardClient();
const event = {
  agentId: 'billing-assistant',
  action: 'issue_refund',
  tool: { name: 'issue_refund', args: { order: 'A-17', amount: 900 } },
  intent: 'The customer was charged twice.',
};

const decision = await mg.governance.ingest(event);
console.log(`${decision.value}: ${decision.reasons.join(' ')}`);
if (decision.review !== undefined) console.log(`waiting for a reviewer: ${decision.review.url}`);

// Survives restarts of the server; of this program too, if it keeps the id of the review.
const { outcome, review } = await decision.wait({ timeoutMs: 3_600_000 });
if (outcome !== 'allow') {
  console.log(`not refunded: ${review?.status ?? decision.value}`);
} else if (review === null) {
  refund(event.tool.args);
} else {
  const args = review.args ?? event.tool.args; // a reviewer may have changed them
  const digest = actionDigest({ ...event, tool: { ...event.tool, args } }, review.policy?.version ?? null);
  try {
    await mg.hitl.consume(review.id, { digest });
    refund(args);
  } catch (error) {
    if (!(error instanceof MastGuardConflictError)) throw error;
    console.log(`not refunded: ${error.refusal}`);
  }
}

function refund({ order, amount }) {
  console.log(`refunded ${amount} for ${order}`);
}
