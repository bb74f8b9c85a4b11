import { batchOf } from '../../../api/otlp/span-batch.ts';
import { collectRejections } from '../../../api/otlp/span-rejections.ts';
import { canonicalize } from '../../../core/json/canonical.ts';
import type { OtlpSpan } from '../../../core/otlp/span.ts';
import type { Json } from '../../../schemas/json.ts';

const NOW_MS = Date.parse('2026-11-01T12:00:00.000Z');
const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'lookup' };

const spanOf = (spanId: string, attributes: Record<string, Json>): { span: OtlpSpan } => ({
  span: {
    traceId: 'ab'.repeat(16),
    spanId,
    name: 'x',
    startMs: NOW_MS - 1_000,
    endMs: NOW_MS - 900,
    failed: false,
    attributes: new Map<string, Json>(Object.entries({ ...TOOL, ...attributes })),
    resource: new Map<string, Json>([['service.name', 'billing-assistant']]),
    events: [],
  },
});

describe('a batch of spans', () => {
  const idOf = (text: string): string => text;

  it('rejects a span that canonical JSON cannot write alone, whichever reader let it in', async () => {
    const rejections = collectRejections();
    const spans = [spanOf('01'.repeat(8), {}), spanOf('02'.repeat(8), { 'gen_ai.tool.call.result': 'half \ud83d' }), spanOf('03'.repeat(8), {})];
    const digestOf = (event: object): string => canonicalize(event as Json);
    const { events } = await batchOf(spans, { nowMs: NOW_MS, hash: idOf, digestOf, rejections });
    expect(events.map(({ span }) => span.spanId)).toEqual(['01'.repeat(8), '03'.repeat(8)]);
    expect(rejections.toResponse().partialSuccess).toEqual({
      rejectedSpans: '1',
      errorMessage: `rejected because a span 1 holds a value that canonical JSON cannot write (such as ${'02'.repeat(8)})`,
    });
  });

  it('fails where the digest fails for another reason, so that the exporter comes again', async () => {
    const digestOf = (): string => {
      throw new Error('the key is away');
    };
    const batch = batchOf([spanOf('01'.repeat(8), {})], { nowMs: NOW_MS, hash: idOf, digestOf, rejections: collectRejections() });
    await expect(batch).rejects.toThrow('the key is away');
  });
});
