/** A receiver of webhooks: what is signed is believed, anything else is refused. Retries carry the same id, so each message is handled once. */
import express from 'express';
import { MastGuardWebhooks, MastGuardWebhookVerificationError } from '@auxdynamics/mastguard-sdk';

// From the answer that made the endpoint; a list of two while it is rotated.
const webhooks = new MastGuardWebhooks({ secret: process.env.MASTGUARD_WEBHOOK_SECRET });
const handled = new Set();

const app = express();
// The bytes as they arrived: what was parsed and written again has another signature.
app.post('/mastguard', express.raw({ type: 'application/json' }), (request, response) => {
  try {
    const event = webhooks.verify(request.body, request.headers);
    if (!handled.has(event.id)) console.log(`${event.type} ${JSON.stringify(event.data)}`);
    handled.add(event.id);
    response.sendStatus(204);
  } catch (error) {
    if (!(error instanceof MastGuardWebhookVerificationError)) throw error;
    console.log(`refused: ${error.code}`);
    response.sendStatus(401);
  }
});
const server = app.listen(Number(process.env.PORT ?? 3_000), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
