import type { EventInput } from '../../schemas/event.ts';
import { seededRandom, type GeneratorOptions, type SeededRandom } from './seeded-random.ts';

/** Ordinary traffic of several agents and sessions, `count` events in all: messages, calls with fresh arguments, results. */
export function generateCalls({ seed, count }: GeneratorOptions): EventInput[] {
  const random = seededRandom(seed);
  const events: EventInput[] = [];
  for (let session = 0; events.length < count; session += 1) {
    const agentId = random.pick(AGENTS);
    events.push(...sessionEvents(random, agentId, `calls-${seed}-${session}`));
  }
  return events.slice(0, count);
}

const AGENTS = ['billing-assistant', 'travel-desk', 'order-support', 'library-helper'];
const PEOPLE = ['ana', 'ben', 'chidi', 'dora', 'emre', 'fumiko'];

function sessionEvents(random: SeededRandom, agentId: string, sessionId: string): EventInput[] {
  const base = { agentId, sessionId };
  const person = random.pick(PEOPLE);
  const events: EventInput[] = [
    { ...base, action: 'user_message', channel: 'user', trust: 'trusted', content: random.pick(REQUESTS).replace('{n}', String(random.integer(1000, 9999))) },
  ];
  for (let step = random.integer(1, 5); step > 0; step -= 1) {
    const number = random.integer(1000, 9_999_999);
    const name = random.pick(TOOLS);
    events.push(
      {
        ...base,
        action: name,
        channel: 'tool_args',
        tool: { name, args: { order_id: `O-${number}`, customer: `${person}@example.com`, note: random.pick(NOTES) } },
        principal: { org: 'org-a', user: `${person}@example.com` },
      },
      {
        ...base,
        action: name,
        channel: 'tool_result',
        trust: 'untrusted',
        tool: { name },
        content: JSON.stringify({ order_id: `O-${number}`, status: random.pick(['open', 'shipped', 'cancelled']), total: random.integer(5, 900) }),
      },
    );
  }
  events.push({ ...base, action: 'reply', channel: 'agent_message', content: random.pick(REPLIES) });
  return events;
}

const TOOLS = [
  'get_order',
  'search_invoices',
  'update_address',
  'cancel_reservation',
  'remove_item_from_cart',
  'send_receipt',
  'format_date',
  'book_room',
  'calculate_total',
  'add_note',
];
const REQUESTS = [
  'Could you check order {n} for me?',
  'Please ignore my previous email, I found invoice {n} after all.',
  'I forgot the rules for returning order {n}. Can you explain them?',
  'The instructions above the door say to ring twice for parcel {n}.',
  'Change the address of reservation {n}, please; disregard the earlier quote.',
];
const NOTES = ['call before delivery', 'new flat number', 'gift wrap; no card', 'see the previous ticket', 'paid by bank transfer'];
const REPLIES = ['Done. Is there anything else?', 'Your order is on its way.', 'I could not find that invoice. Could you check the number?'];
