import { readJsonTraces } from '../../../api/otlp/read-json.ts';
import { MalformedTraces, TooManySpans } from '../../../api/otlp/read-limits.ts';
import { readProtobufTraces } from '../../../api/otlp/read-protobuf.ts';
import { findIJsonViolation } from '../../../core/json/i-json.ts';
import type { ReadSpan } from '../../../core/otlp/span.ts';
import { makeSpans, payloadOf } from '../../support/otel-spans.ts';
import { attribute, message, spanMessage, traces } from '../../support/protobuf-message.ts';

const spanOf = (read: ReadSpan | undefined) => {
  if (read === undefined || 'fault' in read) throw new Error(`expected a span, got ${JSON.stringify(read)}`);
  return read.span;
};
const faultOf = (read: ReadSpan | undefined) => (read !== undefined && 'fault' in read ? read.fault : 'none');

describe('payloads of the OpenTelemetry exporters', () => {
  it('read the same from protobuf and from JSON, and hold what the SDK was given', async () => {
    const startMs = Date.now() - 10_000;
    const spans = makeSpans(
      [
        {
          name: 'execute_tool lookup \u{1F600}',
          startMs,
          attributes: { 'gen_ai.tool.name': 'lookup', n: 42, 'n.negative': -7, ratio: 0.5, yes: true, list: ['a', 'b'], 'n.large': 2 ** 53 - 1 },
          events: [{ name: 'gen_ai.tool.message', attributes: { content: 'found' } }],
          error: true,
        },
        { name: 'GET /', startMs: startMs + 1 },
      ],
      { 'service.name': 'billing-assistant', 'deployment.environment.name': 'test' },
    );
    const fromProtobuf = readProtobufTraces((await payloadOf(spans, { encoding: 'protobuf' })).body);
    const fromJson = readJsonTraces((await payloadOf(spans, { encoding: 'json' })).body);
    expect(fromProtobuf).toEqual(fromJson);
    const span = spanOf(fromProtobuf[0]);
    const { traceId, spanId } = spans[0]?.spanContext() ?? {};
    expect(span).toMatchObject({ traceId, spanId, name: 'execute_tool lookup \u{1F600}', startMs, endMs: startMs + 5, failed: true });
    expect(Object.fromEntries(span.attributes)).toEqual({
      'gen_ai.tool.name': 'lookup',
      n: 42,
      'n.negative': -7,
      ratio: 0.5,
      yes: true,
      list: ['a', 'b'],
      'n.large': 2 ** 53 - 1,
    });
    expect(span.resource.get('service.name')).toBe('billing-assistant');
    expect(span.events.map(({ name, attributes }) => [name, attributes.get('content')])).toEqual([['gen_ai.tool.message', 'found']]);
    expect(fromProtobuf).toHaveLength(2);
  });
});

describe('protobuf', () => {
  const only = (span: Buffer) => readProtobufTraces(traces([span]))[0];
  const nested = (depth: number): Buffer => (depth === 0 ? message([1, 'x']) : message([5, message([1, nested(depth - 1)])]));

  it('keeps integers beyond 2^53 - 1 as text and bytes as base64', () => {
    // 2^63 - 1 as a varint of nine bytes.
    const largest = Buffer.from([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    const { attributes } = spanOf(
      only(spanMessage({ attributes: [message([1, 'large'], [2, largest]), message([1, 'bytes'], [2, message([7, Buffer.from([1, 2, 255])])])] })),
    );
    expect(Object.fromEntries(attributes)).toEqual({ large: '9223372036854775807', bytes: 'AQL/' });
  });

  it('reads a resource that stands behind its spans', () => {
    const resource = message([1, attribute('service.name', 'later')]);
    const [read] = readProtobufTraces(message([1, message([2, message([2, spanMessage()])], [1, resource])]));
    expect(spanOf(read).resource.get('service.name')).toBe('later');
  });

  it('skips fields that it does not know, groups among them', () => {
    // Start and end of a group in field 99.
    const group = Buffer.from([0x9b, 6, 0x9c, 6]);
    expect(
      spanOf(
        only(
          Buffer.concat([
            spanMessage({
              more: [
                [3, 'a=b'],
                [200, 7],
              ],
            }),
            group,
          ]),
        ),
      ).name,
    ).toBe('');
  });

  it.each([
    ['a trace id of the wrong length', spanMessage({ traceId: Buffer.alloc(15, 1) }), 'has no valid trace and span id'],
    ['a span id of zeros', spanMessage({ spanId: Buffer.alloc(8) }), 'has no valid trace and span id'],
    ['text that is not UTF-8', spanMessage({ attributes: [attribute('a', Buffer.from([0xff, 0xfe]))] }), 'holds text that is not UTF-8'],
    ['a field of another type', spanMessage({ more: [[5, 7]] }), 'has a field or an attribute of the wrong type'],
    ['a time that is a varint', spanMessage({ more: [[7, 7]] }), 'has a field or an attribute of the wrong type'],
    ['an attribute that comes twice', spanMessage({ attributes: [attribute('a', 'x'), attribute('a', 'y')] }), 'has two attributes of one name'],
    ['a value nested too deeply', spanMessage({ attributes: [message([1, 'a'], [2, nested(40)])] }), 'has a value nested deeper than 32 levels'],
    [
      '__proto__ as a member',
      spanMessage({ attributes: [message([1, 'a'], [2, message([6, message([1, attribute('__proto__', 'x')])])])] }),
      'has a member named __proto__',
    ],
    ['too many attributes', spanMessage({ attributes: Array.from({ length: 1_025 }, (_, n) => attribute(`a${n}`, 'x')) }), 'has more than 1024 attributes'],
    ['half a field at its end', Buffer.concat([spanMessage(), Buffer.from([0x0a, 0x20, 1])]), 'is not a well-formed message'],
  ])('refuses a span with %s and reads the one beside it', (_what, span, fault) => {
    const [bad, good] = readProtobufTraces(traces([span, spanMessage({ spanId: Buffer.alloc(8, 3) })]));
    expect(faultOf(bad)).toBe(fault);
    expect(spanOf(good).spanId).toBe('0303030303030303');
  });

  it('keeps U+FFFD that was sent as such', () => {
    expect(spanOf(only(spanMessage({ attributes: [attribute('a', 'x\uFFFDy')] }))).attributes.get('a')).toBe('x\uFFFDy');
  });

  it('refuses all spans of a resource that cannot be read', () => {
    const read = readProtobufTraces(traces([spanMessage(), spanMessage({ spanId: Buffer.alloc(8, 3) })], message([1, attribute('a', Buffer.from([0xff]))])));
    expect(read.map(faultOf)).toEqual(['holds text that is not UTF-8', 'holds text that is not UTF-8']);
  });

  it('refuses what is no request, and one with too many spans', () => {
    for (const body of [Buffer.from('{"resourceSpans":[]}'), Buffer.from([0x0a, 0x7f]), Buffer.from([0x0a, 0x01, 0x07])])
      expect(() => readProtobufTraces(body)).toThrow(MalformedTraces);
    expect(readProtobufTraces(Buffer.alloc(0))).toEqual([]);
    expect(() => readProtobufTraces(traces(Array.from({ length: 10_001 }, () => Buffer.alloc(0))))).toThrow(TooManySpans);
  });
});

describe('JSON', () => {
  const IDS = { traceId: '07'.repeat(16), spanId: '09'.repeat(8) };
  const read = (...spans: unknown[]) => readJsonTraces(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })));
  const withValue = (value: unknown) => ({ ...IDS, attributes: [{ key: 'a', value }] });

  it('reads what other senders write: upper-case ids, integers as text, special numbers, unknown members', () => {
    const span = spanOf(
      read({
        traceId: 'AB'.repeat(16),
        spanId: 'CD'.repeat(8),
        startTimeUnixNano: '1700000000123456789',
        endTimeUnixNano: 1_700_000_000_200_000_000,
        flags: 1,
        attributes: [
          { key: 'int', value: { intValue: '12' } },
          { key: 'large', value: { intValue: '9223372036854775807' } },
          { key: 'nan', value: { doubleValue: 'NaN' } },
          { key: 'digits', value: { doubleValue: 1e20 } },
          { key: 'exponent', value: { doubleValue: 1e21 } },
          { key: 'fraction', value: { doubleValue: 0.1 } },
          { key: 'object', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: false } }] } } },
          { key: 'none', value: {} },
        ],
      })[0],
    );
    expect(span).toMatchObject({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), startMs: 1_700_000_000_123, endMs: 1_700_000_000_200 });
    expect(Object.fromEntries(span.attributes)).toEqual({
      int: 12,
      large: '9223372036854775807',
      nan: 'NaN',
      digits: '100000000000000000000',
      exponent: 1e21,
      fraction: 0.1,
      object: { k: false },
      none: null,
    });
    // Whatever is read can be written down as I-JSON.
    expect(findIJsonViolation(JSON.stringify(Object.fromEntries(span.attributes)))).toBeNull();
  });

  it.each([
    ['no ids', {}, 'has no valid trace and span id'],
    ['ids in base64', { traceId: 'BwcHBwcHBwcHBwcHBwcHBw==', spanId: 'CQkJCQkJCQk=' }, 'has no valid trace and span id'],
    ['no object in its place', 'span', 'has a field or an attribute of the wrong type'],
    ['a name that is a number', { ...IDS, name: 7 }, 'has a field or an attribute of the wrong type'],
    ['a time in words', { ...IDS, startTimeUnixNano: 'yesterday' }, 'has a field or an attribute of the wrong type'],
    ['attributes that are no list', { ...IDS, attributes: { a: 1 } }, 'has a field or an attribute of the wrong type'],
    ['a value without its type', withValue('x'), 'has a field or an attribute of the wrong type'],
    ['an integer with a fraction', withValue({ intValue: 1.5 }), 'has a field or an attribute of the wrong type'],
    ['half a surrogate pair', withValue({ stringValue: '\uD83D' }), 'holds half of a surrogate pair'],
    ['an attribute that comes twice', { ...IDS, attributes: [{ key: 'a' }, { key: 'a' }] }, 'has two attributes of one name'],
  ])('refuses a span with %s and reads the one beside it', (_what, span, fault) => {
    const [bad, good] = read(span, { ...IDS, spanId: '03'.repeat(8) });
    expect(faultOf(bad)).toBe(fault);
    expect(spanOf(good).spanId).toBe('03'.repeat(8));
  });

  it('takes a proper surrogate pair', () => {
    expect(spanOf(read(withValue({ stringValue: '\u{1F600}' }))[0]).attributes.get('a')).toBe('\u{1F600}');
    const escaped = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [withValue({ stringValue: '@' })] }] }] }).replace('@', '\\ud83d\\ude00');
    expect(spanOf(readJsonTraces(Buffer.from(escaped))[0]).attributes.get('a')).toBe('\u{1F600}');
  });

  it.each([['[]'], ['null'], ['"x"'], ['{'], ['{"resourceSpans":{}}'], ['{"resourceSpans":[7]}'], ['{"resourceSpans":[{"scopeSpans":[null]}]}']])(
    'refuses %s as no request',
    (body) => {
      expect(() => readJsonTraces(Buffer.from(body))).toThrow(MalformedTraces);
    },
  );

  it('refuses a body that is not UTF-8, and one with too many spans', () => {
    expect(() => readJsonTraces(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(MalformedTraces);
    expect(() => read(...Array.from({ length: 10_001 }, () => ({})))).toThrow(TooManySpans);
  });
});
