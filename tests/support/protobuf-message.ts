import protobuf from 'protobufjs/minimal.js';

type Field = [number: number, value: string | Buffer | number | bigint | Field[]];

/** A protobuf message written field by field, faults included: text, bytes and messages are length-delimited, numbers are varints, bigints are fixed64. */
export function message(...fields: Field[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const [number, value] of fields) {
    if (typeof value === 'number') writer.uint32(number * 8).uint32(value);
    else if (typeof value === 'bigint')
      writer
        .uint32(number * 8 + 1)
        .fixed32(Number(value & 0xffff_ffffn))
        .fixed32(Number(value >> 32n));
    else if (typeof value === 'string') writer.uint32(number * 8 + 2).string(value);
    else writer.uint32(number * 8 + 2).bytes(Array.isArray(value) ? message(...value) : value);
  }
  return Buffer.from(writer.finish());
}

/** `ExportTraceServiceRequest` with these spans of one resource. */
export const traces = (spans: readonly Buffer[], resource: Buffer = message([1, attribute('service.name', 'billing-assistant')])): Buffer =>
  message([1, message([1, resource], [2, message(...spans.map((span): Field => [2, span]))])]);

export const attribute = (key: string, value: string | Buffer): Buffer => message([1, key], [2, message([1, value])]);

export interface SpanParts {
  traceId?: Buffer;
  spanId?: Buffer;
  startNano?: bigint;
  endNano?: bigint;
  /** Encoded `KeyValue`s. */
  attributes?: Buffer[];
  /** Appended as they are. */
  more?: Field[];
}

/** A span that calls the tool `lookup`, a minute ago, unless said otherwise. */
export function spanMessage({ traceId = Buffer.alloc(16, 7), spanId = Buffer.alloc(8, 9), startNano, endNano, attributes, more = [] }: SpanParts = {}): Buffer {
  const startedNano = startNano ?? BigInt(Date.now() - 60_000) * 1_000_000n;
  const own = attributes ?? [attribute('gen_ai.operation.name', 'execute_tool'), attribute('gen_ai.tool.name', 'lookup')];
  return message([1, traceId], [2, spanId], [7, startedNano], [8, endNano ?? startedNano + 5_000_000n], ...own.map((one): Field => [9, one]), ...more);
}
