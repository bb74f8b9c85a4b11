import { z } from 'zod';

/** A body of OTLP/HTTP as it was sent, decompressed. What is in it is read span by span: `api/otlp`. */
export interface OtlpPayload {
  encoding: 'protobuf' | 'json';
  bytes: Uint8Array;
}

export const OtlpPayload = z.custom<OtlpPayload>((value) => value !== undefined);

/** `ExportTraceServiceResponse`; the 64-bit count as text, as protobuf's JSON has it. */
export const ExportTraceResponse = z
  .strictObject({
    partialSuccess: z.strictObject({ rejectedSpans: z.string().regex(/^\d+$/), errorMessage: z.string() }).optional(),
  })
  .meta({ id: 'ExportTraceResponse', description: 'Empty when every span was taken in or was none of an agent.' });
export type ExportTraceResponse = z.infer<typeof ExportTraceResponse>;

/** `google.rpc.Status`: the body of every error, as OTLP/HTTP asks for. */
export const OtlpStatus = z
  .strictObject({ message: z.string() })
  .meta({ id: 'OtlpStatus', description: '`google.rpc.Status`. The message begins with the stable code of the problem.' });
