import { MastGuardError } from '../../../compliance/src/errors.ts';
import type { EventDraft, ShieldDecision } from '../decision.ts';
import { findBlocked } from '../find-blocked.ts';
import type { Permit } from '../permit.ts';
import type { GovernorOptions } from '../shield.ts';
import { governorOf } from './governor-of.ts';

// What bodies and queries are is known to whoever parses them.
/* oxlint-disable typescript/no-explicit-any */
/** What is used of Express 4 and 5; theirs fit into these. */
export interface Request {
  body?: any;
  params: Record<string, any>;
  query: any;
  headers: Record<string, string | string[] | undefined>;
}

export interface Response {
  readonly writableFinished: boolean;
  status: (status: number) => Response;
  set: (name: string, value: string) => Response;
  type: (type: string) => Response;
  send: (body: any) => unknown;
  on: (event: 'close', listener: () => void) => unknown;
  off: (event: 'close', listener: () => void) => unknown;
}

/* oxlint-enable typescript/no-explicit-any */

/** A request that has leave to go on. `req.mastguard.args` is set where a reviewer has changed the arguments, and is then to be used instead of what was asked. */
export interface Governed {
  mastguard?: Permit;
}

export type ExpressOptions<Req = Request> = GovernorOptions & {
  /** The event a request stands for; undefined: it is not governed. */
  event: (req: Req) => EventDraft | undefined | Promise<EventDraft | undefined>;
  /** Whether a refusal says why. Reasons help whoever tries to get around them, so not to strangers. Default: false. */
  exposeReasons?: boolean | undefined;
};

/**
 * Governs requests before their handler. Refused: 403 with `application/problem+json`. Waiting for reviewers, with `onReview: 'throw'`: 202 with the review's
 * id; without it the request waits, and stops waiting when its client goes away. MastGuard cannot be asked, and `onUnavailable` is `block`: 503.
 * @example app.post('/refunds', mastguardExpress({ apiKey, event: (req) => ({ action: 'refund', tool: { name: 'refund', args: req.body } }) }), handler)
 */
export function mastguardExpress<Req extends object = Request>(
  options: ExpressOptions<Req>,
): (req: Req & Governed, res: Response, next: (error?: unknown) => void) => Promise<void> {
  const governor = governorOf(options);
  return async (req, res, next) => {
    const gone = new AbortController();
    const onClose = (): void => {
      if (!res.writableFinished) gone.abort(new Error('the client has gone away'));
    };
    res.on('close', onClose);
    try {
      const draft = await options.event(req);
      if (draft !== undefined) req.mastguard = await governor.permit(draft, { signal: gone.signal });
    } catch (error) {
      // Nobody is left to be answered, and what the request asked for is not done.
      if (gone.signal.aborted) return;
      const blocked = findBlocked(error);
      if (blocked === undefined) next(error instanceof MastGuardError ? withoutStatus(error) : error);
      else answer(res, blocked.decision, options);
      return;
    } finally {
      res.off('close', onClose);
    }
    next();
  };
}

/** The permit that a request has come through with; undefined where it was not governed. */
export const permitOf = (req: object): Permit | undefined => (req as Governed).mastguard;

/** A refused key is our host's fault: Express would answer a client with the status of the error. */
const withoutStatus = (error: MastGuardError): Error => new Error('the request could not be governed', { cause: error });

function answer(
  res: Response,
  decision: ShieldDecision,
  { onReview, exposeReasons = false }: Pick<ExpressOptions<object>, 'onReview' | 'exposeReasons'>,
): void {
  const { value, eventId, review, reasons, source } = decision;
  if (value === 'HITL' && review !== undefined && onReview === 'throw') {
    res
      .status(202)
      .type('application/json')
      .send(JSON.stringify({ status: 'pending', eventId, reviewId: review.id, expiresAt: review.expiresAt }));
    return;
  }
  const away = source === 'fail-mode';
  const detail = exposeReasons ? reasons.join(' ') : away ? 'The request could not be checked.' : 'The request was refused.';
  if (away) res.set('retry-after', '1');
  const problem = {
    type: 'about:blank',
    title: away ? 'Service Unavailable' : 'Forbidden',
    status: away ? 503 : 403,
    detail,
    code: 'mastguard-blocked',
    eventId,
  };
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
