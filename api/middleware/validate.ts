import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ProblemDetail } from '../../schemas/problem.ts';
import type { RouteDefinition, RouteInput } from '../../schemas/route.ts';
import { contextOf } from '../context.ts';
import { HttpProblem } from '../problem.ts';
import { detailsOf } from '../validation.ts';

/** The request's parts as the table describes them. Throws one problem with every fault of every part. */
export function validatedInput<R extends RouteDefinition>(route: R, req: Request, res: Response): RouteInput<R> {
  const { params, query, headers, body } = route.request ?? {};
  const errors: ProblemDetail[] = [];
  const check = (schema: z.ZodType | undefined, value: unknown, within?: 'query' | 'path' | 'header'): unknown => {
    if (schema === undefined) return undefined;
    const result = schema.safeParse(value, { reportInput: false });
    if (result.success) return result.data;
    errors.push(...detailsOf(result.error.issues, within));
    return undefined;
  };
  const input = {
    params: check(params, req.params, 'path'),
    query: check(query, req.query, 'query'),
    headers: check(headers, req.headers, 'header'),
    body: check(body, contextOf(res).body),
  };
  if (errors.length > 0) throw new HttpProblem('validation-failed', { errors });
  return input as RouteInput<R>;
}
