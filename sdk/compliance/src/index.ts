export type * from './api-types.ts';
export { actionDigest, type CoveredAction } from './action-digest.ts';
export { AgentsResource } from './agents.ts';
export { type ApiList, Page } from './api-list.ts';
export type { Answered, ApiPromise } from './api-promise.ts';
export { BillingResource } from './billing.ts';
export { type ClientOptions, MastGuardClient } from './client.ts';
export {
  MastGuardAuthenticationError,
  MastGuardConflictError,
  MastGuardConnectionError,
  MastGuardError,
  MastGuardNotFoundError,
  MastGuardPermissionDeniedError,
  MastGuardRateLimitError,
  MastGuardServerError,
  MastGuardValidationError,
  MastGuardWebhookVerificationError,
} from './errors.ts';
export { EventsResource, GovernanceResource, type GovernedDecision, type SettledDecision } from './governance.ts';
export { GrantsResource } from './grants.ts';
export { HITLResource, type WaitOptions } from './hitl.ts';
export type { Problem, ProblemDetail } from './problem.ts';
export type { Attempt, IdempotentOptions, RequestOptions } from './transport.ts';
export { WebhookEndpointsResource } from './webhook-endpoints.ts';
export { WebhookResource } from './webhook-resource.ts';
export { MastGuardWebhooks, type RawBody, type WebhookEvent, type WebhookOptions } from './webhooks.ts';
export type { GivenSignature, WebhookHeaders } from './webhook-signature.ts';
