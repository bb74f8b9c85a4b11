import { setTimeout as sleep } from 'node:timers/promises';
import { ExportManifest } from '../../schemas/audit-export.ts';
import type { ExportStream } from '../../schemas/audit-export.ts';

export interface AuditClientOptions {
  apiUrl: string;
  apiKey: string;
  signal?: AbortSignal;
  /** Tries in a row that bring nothing, before it is given up. */
  maxTries?: number;
  firstWaitMs?: number;
}

export interface AuditClient {
  /** @throws AuditRefused */
  manifest(snapshot?: string): Promise<ExportManifest>;
  /**
   * One file of an export, from a position on. A connection that breaks ends the bytes with an error: ask again from where they end.
   * @throws AuditRefused
   */
  stream(file: ExportStream, query: { snapshot: string; from?: string | undefined }): Promise<AsyncIterable<Uint8Array>>;
  /** Waits before the next try; false when there have been too many in a row. */
  mayTryAgain(error: unknown): Promise<boolean>;
  /** Something has come: tries are counted from here again. */
  hasProgressed(): void;
}

/** The API says no, and will say so again. */
export class AuditRefused extends Error {}

class AuditBusy extends Error {
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs: number | undefined) {
    super(message);
    this.waitMs = waitMs;
  }
}

const MAX_WAIT_MS = 15_000;

/** The audit routes of the public API. */
export function createAuditClient({ apiUrl, apiKey, signal, maxTries = 8, firstWaitMs = 250 }: AuditClientOptions): AuditClient {
  const base = `${apiUrl.replace(/\/+$/, '')}/api/v1/audit/export`;
  let tries = 0;

  const get = async (path: string, query: Record<string, string | undefined>): Promise<Response> => {
    const parameters = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined));
    const response = await fetch(`${base}${path}?${parameters.toString()}`, { headers: { 'x-api-key': apiKey }, ...(signal && { signal }) });
    if (response.ok) return response;
    const detail = describe(response.status, await response.text());
    if (response.status !== 429 && response.status < 500) throw new AuditRefused(detail);
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new AuditBusy(detail, Number.isFinite(seconds) ? seconds * 1_000 : undefined);
  };

  return {
    async manifest(snapshot) {
      const answer = await get('', { snapshot });
      return ExportManifest.parse(await answer.json());
    },

    async stream(file, query) {
      const { body } = await get(`/${file}`, query);
      if (body === null) throw new Error('the answer has no body');
      return body;
    },

    async mayTryAgain(error) {
      if (error instanceof AuditRefused || signal?.aborted === true || (tries += 1) >= maxTries) return false;
      const waitMs = (error instanceof AuditBusy ? error.waitMs : undefined) ?? firstWaitMs * 2 ** (tries - 1);
      return sleep(Math.min(MAX_WAIT_MS, waitMs), true, signal === undefined ? {} : { signal }).catch(() => false);
    },

    hasProgressed() {
      tries = 0;
    },
  };
}

function describe(status: number, text: string): string {
  try {
    const { code, detail, title } = JSON.parse(text) as { code?: string; detail?: string; title?: string };
    return [`status ${status}`, code, detail ?? title].filter((part) => part !== undefined).join(', ');
  } catch {
    return `status ${status}`;
  }
}
