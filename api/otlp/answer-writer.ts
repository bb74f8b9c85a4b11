import protobuf, { type Writer } from 'protobufjs/minimal.js';
import type { ExportTraceResponse, OtlpPayload } from '../../schemas/otlp.ts';
import type { AnswerWriter } from '../context.ts';
import type { HttpProblem } from '../problem.ts';

/**
 * `ExportTraceServiceResponse`, and `google.rpc.Status` for errors, in the encoding of the request, as OTLP/HTTP asks for
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). Field numbers are those of their `.proto` files.
 */
export function otlpWriter(encoding: OtlpPayload['encoding']): AnswerWriter {
  if (encoding === 'json') {
    return { contentType: 'application/json', reply: (body) => JSON.stringify(body), problem: (problem) => JSON.stringify({ message: messageOf(problem) }) };
  }
  return {
    contentType: 'application/x-protobuf',
    reply: (body) => writeResponse(body as ExportTraceResponse),
    problem: (problem) => bytesOf(protobuf.Writer.create().uint32(field(2)).string(messageOf(problem))),
  };
}

function writeResponse({ partialSuccess }: ExportTraceResponse): Buffer {
  const writer = protobuf.Writer.create();
  if (partialSuccess === undefined) return bytesOf(writer);
  const { rejectedSpans, errorMessage } = partialSuccess;
  // Field 1 of the partial success is a varint; a request holds far fewer spans than 32 bits count.
  writer.uint32(field(1)).fork().uint32(8).uint32(Number(rejectedSpans)).uint32(field(2)).string(errorMessage).ldelim();
  return bytesOf(writer);
}

/** Tag of a length-delimited field. */
const field = (number: number): number => number * 8 + 2;

const bytesOf = (writer: Writer): Buffer => Buffer.from(writer.finish());

/** The stable code first, so that a log line can be searched for it. */
const messageOf = ({ code, message }: HttpProblem): string => `${code}: ${message}`;
