import { eventIdOf } from '../../core/otlp/span-identity.ts';
import type { ReadSpan } from '../../core/otlp/span.ts';
import { eventDigest } from '../../db/event-digest.ts';
import { recordedDigests } from '../../db/queries/ledger.ts';
import type { SubjectVault } from '../../db/subject-vault.ts';
import type { OtlpPayload } from '../../schemas/otlp.ts';
import { requesterOf } from '../access/principal.ts';
import type { GovernanceRuntime, ObserveItem } from '../governance-runtime.ts';
import type { Handlers } from '../handler.ts';
import type { ApiMetrics } from '../metrics.ts';
import { createAdmission } from '../middleware/admission.ts';
import { readJsonTraces } from '../otlp/read-json.ts';
import { MalformedTraces, TooManySpans } from '../otlp/read-limits.ts';
import { readProtobufTraces } from '../otlp/read-protobuf.ts';
import { batchOf, chunksOf, type SpanEvents } from '../otlp/span-batch.ts';
import { collectRejections } from '../otlp/span-rejections.ts';
import { HttpProblem } from '../problem.ts';
import { quotaExceeded } from '../quota-exceeded.ts';

export interface OtlpRoutesDeps {
  vault: SubjectVault;
  runtime: GovernanceRuntime;
  metrics: ApiMetrics;
  now: () => number;
}

export function otlpRoutes({ vault, runtime, metrics, now }: OtlpRoutesDeps): Handlers<'exportTraces'> {
  // A line of its own: telemetry can wait and come again, decisions cannot. Three at once: one is decided, one recorded, one handed over.
  const line = createAdmission({ maxInFlight: 3, maxQueued: 64, maxWaitMs: 4_000 });

  return {
    async exportTraces({ body }, { principal, requestId, receivedAtMs, signal }) {
      const { orgId } = principal;
      const rejections = collectRejections();
      const read = readTraces(body);
      const { events, ignored } = await batchOf(read, {
        nowMs: now(),
        hash: vault.callHasher(orgId),
        digestOf: (event) => eventDigest(vault, orgId, event),
        rejections,
      });
      const spanOf = new Map(events.map(({ event, span }) => [event.id, span]));
      const observe = async (chunk: readonly SpanEvents[]): Promise<ObserveItem[]> => {
        // Exporters repeat whole requests, those above all that were slow. What is on record already is not evaluated again.
        const recorded = await recordedDigests(vault.sql, { orgId, eventIds: chunk.map(({ event }) => event.id) });
        const fresh = chunk.filter(({ event, digest }) => recorded.get(event.id) !== digest).map(({ event, digest }) => ({ event, digest }));
        if (fresh.length === 0) return [];
        return runtime.observe({ orgId, events: fresh, requester: requesterOf(principal), requestId, receivedAtMs });
      };
      let refused = 0;
      // One after the other, so that the events of a session are recorded in their order.
      for (const chunk of chunksOf(events)) {
        for (const item of await line.run(signal, () => observe(chunk))) {
          const fault = faultOf(item);
          if (fault === null || item.kind === 'decided') continue;
          if (item.kind === 'quota') refused += 1;
          const span = spanOf.get(item.eventId);
          if (span !== undefined) rejections.add(fault, span.spanId, eventIdOf(span));
        }
      }
      if (events.length > 0 && refused === events.length) throw quotaExceeded(now());
      metrics.countSpans('ignored', ignored);
      metrics.countSpans('rejected', rejections.count);
      metrics.countSpans('recorded', read.length - ignored - rejections.count);
      return { status: 200, body: rejections.toResponse() };
    },
  };
}

function readTraces({ encoding, bytes }: OtlpPayload): ReadSpan[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return encoding === 'protobuf' ? readProtobufTraces(buffer) : readJsonTraces(buffer);
  } catch (error) {
    if (error instanceof MalformedTraces) throw new HttpProblem('malformed-otlp', { detail: error.message, cause: error });
    if (error instanceof TooManySpans) throw new HttpProblem('payload-too-large', { detail: error.message, cause: error });
    throw error;
  }
}

function faultOf({ kind }: ObserveItem): string | null {
  if (kind === 'conflict') return 'was recorded before with other content';
  return kind === 'quota' ? "is beyond this month's events" : null;
}
