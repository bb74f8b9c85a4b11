import express from 'express';
import type { Request, RequestHandler } from 'express';

/** Reads a posted form. 16 KiB hold a reason of 2,048 characters in any script. */
export const formBody: RequestHandler = express.urlencoded({ extended: false, limit: 16 * 1024, parameterLimit: 64 });

/** One field; empty where it is missing, the first where it is sent twice. Browsers send line breaks as CR LF. */
export function field(req: Request, name: string): string {
  return (fields(req, name)[0] ?? '').replaceAll('\r\n', '\n');
}

/** Every value of a field that may stand several times, such as checkboxes. */
export function fields(req: Request, name: string): string[] {
  const body = (req.body ?? {}) as Record<string, unknown>;
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  const values = Array.isArray(value) ? value : [value];
  return values.filter((item) => typeof item === 'string');
}
