import { z } from 'zod';
import { Alert, AlertStatus, HandleAlertInput } from './alert.ts';
import { listOf, listQuery } from './lists.ts';
import { route } from './route.ts';

const AlertId = z.strictObject({ id: z.string().min(1).max(128) });
const handling = { request: { params: AlertId, body: HandleAlertInput }, responses: { 200: Alert } };

/** Lines of the route table about alerts. */
export const ALERT_ROUTES = {
  listAlerts: route({
    method: 'get',
    path: '/api/v1/alerts',
    scope: 'hitl:read',
    tag: 'Alerts',
    summary: 'Open alerts, highest risk first, then oldest; handled ones newest first',
    request: { query: z.strictObject({ ...listQuery, status: AlertStatus.optional().meta({ description: 'Default: open.' }) }) },
    responses: { 200: listOf(Alert) },
  }),
  getAlert: route({
    method: 'get',
    path: '/api/v1/alerts/{id}',
    scope: 'hitl:read',
    tag: 'Alerts',
    summary: 'One alert',
    request: { params: AlertId },
    responses: { 200: Alert },
  }),
  acknowledgeAlert: route({
    method: 'post',
    path: '/api/v1/alerts/{id}/acknowledge',
    scope: 'hitl:decide',
    tag: 'Alerts',
    summary: 'Say, as a person, that it was seen and right to be raised',
    ...handling,
  }),
  dismissAlert: route({
    method: 'post',
    path: '/api/v1/alerts/{id}/dismiss',
    scope: 'hitl:decide',
    tag: 'Alerts',
    summary: 'Dismiss it, as a person, as a false positive',
    ...handling,
  }),
  escalateAlert: route({
    method: 'post',
    path: '/api/v1/alerts/{id}/escalate',
    scope: 'hitl:decide',
    tag: 'Alerts',
    summary: 'Have the event judged in a review',
    ...handling,
  }),
} as const;
