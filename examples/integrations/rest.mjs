/** No SDK: one POST before the action, for any language. Needs `MASTGUARD_API_KEY` and, where it is not the hosted one, `MASTGUARD_BASE_URL`. */
const { MASTGUARD_API_KEY: key, MASTGUARD_BASE_URL: base = 'https://api.mastguard.io' } = process.env;
if (!key) throw new Error('set MASTGUARD_API_KEY');
const call = async (method, path, body) => {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

// An id of your own makes a retry the same event.
const event = { id: `mail-${Date.now()}`, agentId: 'mailer', action: 'send_email', tool: { name: 'send_email', args: { to: 'ann@example.com' } } };
const decision = await call('POST', '/governance/events', event);
console.log(decision.value, decision.reasons);

if (decision.value === 'HITL') {
  // Held by the server until the review changes, at most 30 seconds; ask again while it is pending.
  const review = await call('GET', `/hitl/reviews/${decision.review.id}?wait=30`);
  console.log(review.status);
}
