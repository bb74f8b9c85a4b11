/** Express 5: a request is governed before its handler. Run it, and it asks itself twice. */
import { once } from 'node:events';
import express from 'express';
import { mastguardExpress, permitOf } from '@auxdynamics/mastguard-agent-sdk/express';
import { options } from './options.mjs';

const app = express();
app.use(express.json());
app.post('/mails', mastguardExpress({ ...options, event: (req) => ({ action: 'send_email', tool: { name: 'send_email', args: req.body } }) }), (req, res) => {
  // Where a reviewer has changed the arguments, those are the ones to use.
  const { to } = permitOf(req)?.args ?? req.body;
  res.json({ status: 'sent', to });
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/mails`;
for (const to of ['ann@example.com', 'eve@elsewhere.example']) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ to }) });
  console.log(answer.status, await answer.text());
}
server.close();
