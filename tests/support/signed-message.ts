import { Webhook } from 'standardwebhooks';

/** A webhook of now under a secret, by the reference implementation, with the one header that carries the whole signature. */
export function signedMessage(secret: string): { body: string; header: string } {
  const body = '{"type":"governance.decision.blocked","timestamp":"2026-11-27T10:00:00Z","data":{}}';
  const at = new Date();
  return { body, header: `t=${Math.floor(at.getTime() / 1_000)},id=msg_1,${new Webhook(secret).sign('msg_1', at, body).replace(',', '=')}` };
}
