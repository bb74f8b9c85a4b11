import { MastGuardBlockedError } from '../blocked-error.ts';
import { type BodySource, type ByteReader, readAll } from './body-source.ts';
import { draftsOfText } from './drafts.ts';
import { parsedJson } from './json-walk.ts';
import type { AskedCall, Said } from './model-call.ts';
import { answerMetadata, type OpenCall, recordCalls, recordText } from './open-call.ts';
import { permitAll } from './permit-all.ts';
import { permitCall } from './permit-call.ts';

const encoder = new TextEncoder();

/** An answer that comes whole, as JSON or as text: nothing of it goes out before all of it is decided. */
export function governAnswer(upstream: ByteReader, call: OpenCall): BodySource {
  const work = new AbortController();
  /** What has been decided, and waits to be read. */
  const decided: Uint8Array[] = [];
  let over = false;
  let recorded = false;
  const record = (finish: string): void => {
    recorded = true;
    recordText(call, '', answerMetadata(finish, undefined));
  };
  return {
    async pull() {
      if (over) return decided.shift();
      try {
        const { chunks, text } = await readAll(upstream);
        if (over) return undefined;
        const answer = parsedJson(text);
        const changed = await decideAnswer(call, answer ?? text, work.signal);
        over = true;
        if (changed.size === 0) decided.push(...chunks);
        else {
          call.adapter.rewrite(answer, changed);
          decided.push(encoder.encode(JSON.stringify(answer)));
        }
        return decided.shift();
      } catch (error) {
        if (over) return undefined;
        over = true;
        // A block is in the ledger already, as the decision that it is.
        if (!(error instanceof MastGuardBlockedError)) record('error');
        work.abort(error);
        upstream.cancel(error);
        throw error;
      }
    },
    cancel(reason) {
      if (over) return;
      over = true;
      record('cancelled');
      work.abort(reason);
      upstream.cancel(reason);
    },
    idle() {
      if (!over && !recorded) record('unread');
    },
  };
}

async function decideAnswer(call: OpenCall, answer: unknown, signal: AbortSignal): Promise<Map<string, NonNullable<AskedCall['args']>>> {
  const { governor, facts, adapter, settings } = call;
  const said = adapter.said?.(answer) ?? NOTHING;
  const text = typeof answer === 'string' && said.text === '' ? answer : said.text;
  const metadata = answerMetadata(said.finish, said.tokens);
  const calls = settings.toolCalls === 'ignore' ? [] : said.calls;
  if (settings.toolCalls !== 'ignore') recordCalls(call, said.ran);
  if (text === '') recordText(call, '', metadata);
  const changed = new Map<string, AskedCall['args']>();
  await Promise.all([
    text === '' ? undefined : permitAll(governor, draftsOfText(facts, text, metadata), signal),
    ...calls.map(async (asked) => {
      const args = await permitCall(governor, facts, asked, signal);
      if (args !== undefined) changed.set(asked.key, args);
    }),
  ]);
  return changed;
}

const NOTHING: Said = { text: '', calls: [], ran: [], tokens: undefined, finish: undefined };
