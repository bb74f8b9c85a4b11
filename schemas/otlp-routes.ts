import { ExportTraceResponse, OtlpPayload } from './otlp.ts';
import { route } from './route.ts';

/** Of a body as it is sent, compressed or not. */
export const OTLP_MAX_BYTES = 4 * 1024 * 1024;

export const OTLP_ROUTES = {
  exportTraces: route({
    method: 'post',
    path: '/api/v1/otlp/v1/traces',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'OpenTelemetry intake: spans of agents become observed events',
    media: 'otlp',
    request: { body: OtlpPayload, maxBytes: OTLP_MAX_BYTES },
    responses: { 200: ExportTraceResponse },
  }),
};
