import { loadDecisionConfig } from '../../db/queries/decision-config.ts';
import { findAlert, handleAlert, listAlerts, listOpenAlerts } from '../../db/queries/alerts.ts';
import type { AfterReviewInput, AlertRow } from '../../db/queries/alerts.ts';
import type { Sql } from '../../db/client.ts';
import { findRecordedEvent } from '../../db/queries/ledger.ts';
import type { Alert, AlertStatus } from '../../schemas/alert.ts';
import { DEFAULT_PAGE_SIZE } from '../../schemas/lists.ts';
import { auditEntry } from '../audit.ts';
import { decodeCursor } from '../cursor.ts';
import { judgementOf } from '../judgement-of.ts';
import { DecisionUnavailable } from '../governance-runtime.ts';
import type { GovernanceRuntime } from '../governance-runtime.ts';
import type { AuthenticatedFacts, Handlers } from '../handler.ts';
import { pageOf } from '../page.ts';
import { HttpProblem } from '../problem.ts';
import { voterOf } from '../reviewer.ts';

type AlertRoutes = 'listAlerts' | 'getAlert' | 'acknowledgeAlert' | 'dismissAlert' | 'escalateAlert';

interface Handling {
  alertId: string;
  status: Exclude<AlertStatus, 'open'>;
  note: string | undefined;
}

export interface AlertRoutesOptions {
  sql: Sql;
  runtime: Pick<GovernanceRuntime, 'conductReview'>;
  now: () => number;
}

export function alertRoutes({ sql, runtime, now }: AlertRoutesOptions): Handlers<AlertRoutes> {
  const readAlert = async (orgId: string, alertId: string): Promise<AlertRow> => {
    const row = await findAlert(sql, { orgId, alertId });
    if (row === undefined) throw new HttpProblem('not-found');
    return row;
  };

  /** Records what a person made of an open alert; whoever comes second is told who was first. */
  const handle = async ({ alertId, status, note }: Handling, { principal, requestId }: AuthenticatedFacts): Promise<AlertRow> => {
    const { orgId } = principal;
    const { memberId, via } = await voterOf(sql, principal);
    const alert = await readAlert(orgId, alertId);
    const opens = status === 'escalated' && alert.status === 'open' ? await judgement(orgId, alert, note) : null;
    const audit = auditEntry({
      type: `alert.${status}`,
      actor: `member:${memberId}`,
      target: alertId,
      requestId,
      details: { eventId: alert.eventId, via, note: note ?? null, reviewId: opens?.id ?? null },
    });
    const isHandled = await handleAlert(sql, { orgId, alertId, status, memberId, note: note ?? null, opens, audit });
    const after = await readAlert(orgId, alertId);
    if (!isHandled) throw handledBefore(after);
    return after;
  };

  const judgement = async (orgId: string, alert: AlertRow, note: string | undefined): Promise<AfterReviewInput> => {
    const recorded = await findRecordedEvent(sql, { orgId, eventId: alert.eventId });
    if (recorded === undefined) throw new HttpProblem('conflict', { detail: 'the event is not on record any more: there is nothing to judge' });
    const config = await loadDecisionConfig(sql, orgId);
    return judgementOf({ orgId, alert, note, recorded, defaultReview: config?.policy?.document.defaultReview, nowMs: now() });
  };

  return {
    async listAlerts({ query: { limit = DEFAULT_PAGE_SIZE, cursor, status = 'open' } }, { principal: { orgId } }) {
      const filters = { status };
      const position = decodeCursor(cursor, 'string', { ...filters, list: 'alerts' });
      const rows =
        status === 'open'
          ? await listOpenAlerts(sql, { orgId, afterId: position, limit: limit + 1 })
          : await listAlerts(sql, { orgId, status, beforeId: position, limit: limit + 1 });
      return { status: 200, body: pageOf(rows, { limit, list: 'alerts', filters, positionOf: ({ id }) => id, itemOf: alertOf }) };
    },

    async getAlert({ params: { id } }, { principal: { orgId } }) {
      return { status: 200, body: alertOf(await readAlert(orgId, id)) };
    },

    async acknowledgeAlert({ params: { id: alertId }, body: { note } }, request) {
      return { status: 200, body: alertOf(await handle({ alertId, status: 'acknowledged', note }, request)) };
    },

    async dismissAlert({ params: { id: alertId }, body: { note } }, request) {
      return { status: 200, body: alertOf(await handle({ alertId, status: 'dismissed', note }, request)) };
    },

    async escalateAlert({ params: { id: alertId }, body: { note } }, request) {
      const alert = await handle({ alertId, status: 'escalated', note }, request);
      if (alert.escalatedTo !== null) {
        // The review stands whether or not its run does: a vote, or its due time, starts one that is missing.
        await runtime.conductReview({ orgId: request.principal.orgId, reviewId: alert.escalatedTo }).catch((error: unknown) => {
          if (!(error instanceof DecisionUnavailable)) throw error;
        });
      }
      return { status: 200, body: alertOf(alert) };
    },
  };
}

function handledBefore({ status: alertStatus, handledBy, handledAt }: AlertRow): HttpProblem {
  return new HttpProblem('alert-handled', {
    detail: `this alert is ${alertStatus}`,
    extras: { alertStatus, handledBy, handledAt: handledAt?.toISOString() ?? null },
  });
}

function alertOf({ reasons, createdAt, handledAt, ...row }: AlertRow): Alert {
  return { ...row, reasons: JSON.parse(reasons) as string[], createdAt: createdAt.toISOString(), handledAt: handledAt?.toISOString() ?? null };
}
