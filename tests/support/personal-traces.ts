import type { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { openTestPool } from './database.ts';

/** How a text may stand in a column: as it is, in hex, or anywhere within base64. */
export function formsOf(text: string): { anyCase: string[]; exact: string[] } {
  const bytes = Buffer.from(text);
  // Base64 of the bytes at each of the three offsets, without the characters that what stands beside them decides.
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(Math.ceil((offset * 8) / 6), -1);
  });
  return { anyCase: [text, bytes.toString('hex')], exact: base64 };
}

/** Tables of the whole database in which some row holds the text, in whatever column and form. */
export async function tablesHolding(adminUrl: string, text: string): Promise<string[]> {
  const admin = openTestPool({ url: adminUrl, maxConnections: 1 });
  const { anyCase, exact } = formsOf(text);
  try {
    const tables = await admin<{ name: string }[]>`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1`;
    const holding: string[] = [];
    for (const { name } of tables) {
      const [row] = await admin.unsafe<{ found: boolean }[]>(
        `select exists (select from ${name} t where t::text ilike any ($1::text[]) or t::text like any ($2::text[])) as found`,
        [anyCase.map((form) => `%${form}%`), exact.map((form) => `%${form}%`)],
      );
      if (row?.found === true) holding.push(name);
    }
    return holding;
  } finally {
    await admin.end({ timeout: 5 });
  }
}

/** Runs of the namespace whose history holds the text, payloads decoded, by their ids. */
export async function runsHolding(client: Client, codec: PayloadCodec, text: string): Promise<string[]> {
  const holding = new Set<string>();
  for await (const { workflowId, runId, raw } of client.workflow.list()) {
    // Between the list and the look it may have been deleted.
    const history = await client.workflow
      .getHandle(workflowId, runId)
      .fetchHistory()
      .catch(() => null);
    const texts = [JSON.stringify(raw), JSON.stringify(history), ...(await decodedTexts(codec, history)), ...(await decodedTexts(codec, raw))];
    if (texts.some((each) => each.toLowerCase().includes(text.toLowerCase()))) holding.add(workflowId);
  }
  return [...holding].toSorted();
}

/** Every payload anywhere in the value, decoded. */
async function decodedTexts(codec: PayloadCodec, value: unknown): Promise<string[]> {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  const { metadata, data } = value as Payload;
  if (data instanceof Uint8Array && metadata !== undefined && metadata !== null) {
    const [plain] = await codec.decode([{ metadata, data }]);
    return [Buffer.from(plain?.data ?? []).toString('utf8')];
  }
  const texts = await Promise.all(Object.values(value).map((member) => decodedTexts(codec, member)));
  return texts.flat();
}
