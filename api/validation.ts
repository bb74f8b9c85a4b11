import type { z } from 'zod';
import type { ProblemDetail } from '../schemas/problem.ts';
import { pointerOf } from './pointer.ts';

type Issue = z.core.$ZodIssue;

/** All faults of one part of a request, each at its own pointer. Messages name types and bounds, never the value sent. */
export function detailsOf(issues: readonly Issue[], within?: 'query' | 'path' | 'header'): ProblemDetail[] {
  return issues.flatMap((issue) => pointersOf(issue).map(({ pointer, detail }) => ({ pointer, detail, ...(within === undefined ? {} : { in: within }) })));
}

function pointersOf(issue: Issue): { pointer: string; detail: string }[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'unknown member' }));
  if (issue.code === 'invalid_key') return [{ pointer: pointerOf(issue.path), detail: issue.issues.map(({ message }) => message).join('; ') }];
  return [{ pointer: pointerOf(issue.path), detail: issue.message }];
}
