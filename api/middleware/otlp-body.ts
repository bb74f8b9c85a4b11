import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';
import type { OtlpPayload } from '../../schemas/otlp.ts';
import { contextOf } from '../context.ts';
import { otlpWriter } from '../otlp/answer-writer.ts';
import { HttpProblem } from '../problem.ts';
import { readBytes } from './read-bytes.ts';

/** A body that grows beyond this is a bomb or not ours to hold in memory. */
export const OTLP_MAX_INFLATED_BYTES = 8 * 1024 * 1024;

/** Answers and errors in the encoding of the request, from the first middleware that may refuse it. */
export function otlpAnswers(): RequestHandler {
  return (req, res, next) => {
    contextOf(res).writer = otlpWriter(encodingOf(req) ?? 'json');
    next();
  };
}

/** Reads, bounds and decompresses a body of OTLP/HTTP. */
export function otlpBody({ maxBytes }: { maxBytes: number }): RequestHandler {
  return async (req, res, next) => {
    const encoding = encodingOf(req);
    const compression = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
    if (encoding === null || (compression !== 'identity' && compression !== 'gzip')) {
      throw new HttpProblem('unsupported-media-type', { detail: 'application/x-protobuf or application/json, in gzip or as it is' });
    }
    const sent = await readBytes(req, maxBytes);
    const payload: OtlpPayload = { encoding, bytes: compression === 'gzip' ? await inflate(sent) : sent };
    contextOf(res).body = payload;
    next();
  };
}

function encodingOf(req: Request): OtlpPayload['encoding'] | null {
  const [mediaType, ...parameters] = (req.headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (mediaType === 'application/x-protobuf') return 'protobuf';
  const isUtf8 = parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter));
  return mediaType === 'application/json' && isUtf8 ? 'json' : null;
}

const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

async function inflate(sent: Buffer): Promise<Buffer> {
  try {
    return await unzip(sent, { maxOutputLength: OTLP_MAX_INFLATED_BYTES });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new HttpProblem('payload-too-large', { detail: `at most ${OTLP_MAX_INFLATED_BYTES} bytes when decompressed`, cause });
    }
    throw new HttpProblem('malformed-otlp', { detail: 'the body is not gzip', cause });
  }
}
