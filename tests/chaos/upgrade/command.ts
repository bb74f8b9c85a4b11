import { execFileSync } from 'node:child_process';
import { repositoryRoot } from '../../../scripts/lib/paths.mjs';
import type { Decision } from '../../../schemas/decision.ts';
import type { Review } from '../../../schemas/review.ts';
import { createPatientClient } from '../hitl/patient-client.ts';
import { type Installed, openCheckout } from './checkout.ts';

/** Of every kind: let pass, refused, held for people, part of a session. */
const EVENTS = [
  { id: 'upgrade-allow', agentId: 'upgraded', action: 'summarise_ticket' },
  {
    id: 'upgrade-block',
    agentId: 'upgraded',
    action: 'get_customer',
    principal: { user: 'user-12' },
    resource: { type: 'customer', id: 'c-77', ownerUser: 'user-77' },
  },
  ...['approve', 'reject', 'wait'].map((what) => ({
    id: `upgrade-${what}`,
    agentId: 'upgraded',
    action: 'run_sql',
    tool: { name: 'run_sql', args: { statement: `DROP TABLE ${what}` } },
  })),
  ...[1, 2].map((step) => ({ id: `upgrade-session-${step}`, agentId: 'upgraded', action: 'read', sessionId: 'upgrade' })),
];

/**
 * Starts an older commit, asks it, kills all of it, and starts the present commit on the same data: what was decided is answered as it was, what waited
 * for people still waits and can be decided, and the ledger verifies. Answers how many promises were broken. Needs git's history and the network.
 */
export async function runUpgradeDrill({ from, write }: { from: string; write: (line: string) => void }): Promise<number> {
  const present = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repositoryRoot, encoding: 'utf8' }).trim();
  const checkout = openCheckout();
  const broken: string[] = [];
  const promise = (isKept: boolean, what: string): void => {
    write(`${isKept ? 'kept   ' : 'BROKEN '} ${what}`);
    if (!isKept) broken.push(what);
  };
  try {
    checkout.to(from);
    write(`starting ${from}`);
    const before = await decideAll(await checkout.start());
    await checkout.kill();

    checkout.to(present);
    write(`killed; starting ${present}`);
    const installed = await checkout.start();
    const after = await decideAll(installed);
    promise(
      before.pending.every((id) => after.pending.includes(id)),
      `${before.pending.length} reviews still wait`,
    );
    for (const { id } of EVENTS) promise(after.decisions.get(id) === before.decisions.get(id), `${id} is answered as it was decided`);

    const decide = await signedIn(installed);
    const reviewOf = (id: string): string => (JSON.parse(before.decisions.get(id) ?? '{}') as Decision).review?.id ?? '';
    const approved = await decide(reviewOf('upgrade-approve'), 'approve');
    promise(approved.status === 'approved', 'one that waited is approved');
    promise((await decide(reviewOf('upgrade-reject'), 'reject')).status === 'rejected', 'another one is rejected');
    const used = await createPatientClient(installed).call(installed.apiKey, 'POST', `/api/v1/hitl/reviews/${approved.id}/consume`, {
      body: { digest: approved.actionDigest },
    });
    promise(used.status === 200, 'the approval is used');
    promise(checkout.run('verify').includes('"findings":[]'), 'the ledger verifies');
    await checkout.stop();
  } finally {
    await checkout.close();
  }
  return broken.length;
}

/** Decisions by event id, as the text of their answer, and the ids of all reviews that wait. */
async function decideAll({ apiUrl, apiKey }: Installed): Promise<{ decisions: Map<string, string>; pending: string[] }> {
  const client = createPatientClient({ apiUrl });
  try {
    const decisions = new Map<string, string>();
    for (const event of EVENTS) {
      const { status, body } = await client.call(apiKey, 'POST', '/api/v1/governance/events', { body: event });
      if (status !== 200) throw new Error(`${event.id} was answered ${status}: ${JSON.stringify(body)}`);
      decisions.set(event.id, JSON.stringify(body));
    }
    const { body } = await client.call(apiKey, 'GET', '/api/v1/hitl/reviews?status=pending&limit=200');
    return { decisions, pending: (body as { data: Review[] }).data.map(({ id }) => id) };
  } finally {
    client.close();
  }
}

/** Decides reviews as the owner. */
async function signedIn({ apiUrl, ownerEmail: email, ownerPassword: password }: Installed): Promise<(id: string, verb: string) => Promise<Review>> {
  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${apiUrl}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
      body: JSON.stringify(body),
    });
  const session = await post('/session', { email, password });
  const [cookie = ''] = (session.headers.get('set-cookie') ?? '').split(';');
  return async (id, verb) => (await post(`/hitl/reviews/${id}/decision`, { verb, reason: 'after the upgrade' }, { cookie })).json() as Promise<Review>;
}
