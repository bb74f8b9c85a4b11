import { createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { findIJsonViolation } from '../../core/json/i-json.ts';
import { contextOf } from '../context.ts';
import type { Principal } from '../access/principal.ts';
import { HttpProblem } from '../problem.ts';
import { findReservedMember } from '../reserved-member.ts';
import { readBytes } from './read-bytes.ts';

/** A body that was refused although it is JSON: enough to recognise it, nothing of its content. */
export interface RefusedBody {
  principal: Principal;
  requestId: string;
  code: string;
  pointer: string;
  /** Of the raw bytes, hex. */
  sha256: string;
}

export interface JsonBodyOptions {
  maxBytes: number;
  /** Puts the refusal on record before it is answered. */
  recordRefusal: (refused: RefusedBody) => Promise<void>;
}

/** Reads, bounds and parses the body. Trusts neither `Content-Length` nor the parser: what `JSON.parse` mends is refused here. */
export function jsonBody({ maxBytes, recordRefusal }: JsonBodyOptions): RequestHandler {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return async (req, res, next) => {
    const context = contextOf(res);
    assertMediaType(req);
    const bytes = await readBytes(req, maxBytes);
    const text = decode(utf8, bytes);
    const violation = findIJsonViolation(text);
    if (violation?.code === 'syntax') throw new HttpProblem('malformed-json', { detail: violation.detail });
    if (violation !== null) {
      const { pointer, code, detail } = violation;
      if (context.principal !== null) {
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        await recordRefusal({ principal: context.principal, requestId: context.requestId, code, pointer, sha256 });
      }
      throw new HttpProblem('not-i-json', { detail, errors: [{ pointer, detail }], extras: { violation: code } });
    }
    context.body = JSON.parse(text) as unknown;
    context.rawBody = bytes;
    const reserved = findReservedMember(context.body, text);
    if (reserved !== null) {
      throw new HttpProblem('validation-failed', { errors: [{ pointer: reserved, detail: 'a member may not be named __proto__' }] });
    }
    next();
  };
}

function assertMediaType(req: Request): void {
  const [mediaType, ...parameters] = (req.headers['content-type'] ?? '').split(';').map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter));
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (mediaType !== 'application/json' || !isUtf8 || encoding !== 'identity') throw new HttpProblem('unsupported-media-type');
}

function decode(utf8: InstanceType<typeof TextDecoder>, bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new HttpProblem('malformed-json', { detail: 'the body is not UTF-8', cause });
  }
}
