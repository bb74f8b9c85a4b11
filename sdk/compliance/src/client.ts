import { AgentsResource } from './agents.ts';
import { BillingResource } from './billing.ts';
import { environmentVariable } from './environment.ts';
import { MastGuardError } from './errors.ts';
import { GovernanceResource } from './governance.ts';
import { HITLResource } from './hitl.ts';
import { type Attempt, createTransport } from './transport.ts';
import { WebhookResource } from './webhook-resource.ts';

const BASE_URL = 'https://api.mastguard.io';

export interface ClientOptions {
  /** `mg_live_…` or `mg_test_…`. Default: `MASTGUARD_API_KEY`. */
  apiKey?: string | undefined;
  /** Where the API answers. Default: `MASTGUARD_BASE_URL`, then `https://api.mastguard.io`. */
  baseUrl?: string | undefined;
  /** `whsec_…`, for `client.webhooks`. Default: `MASTGUARD_WEBHOOK_SECRET`. */
  webhookSecret?: string | readonly string[] | undefined;
  /** Of each attempt. Default: 30 seconds. */
  timeoutMs?: number | undefined;
  /** Attempts after the first, where a call may be repeated. Default: 2. */
  maxRetries?: number | undefined;
  /** Sent with every request. */
  headers?: Record<string, string> | undefined;
  /** Instead of the global one, such as one that goes through a proxy. */
  fetch?: typeof fetch | undefined;
  /** Told of every attempt, for logs and metrics. */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/**
 * The API of MastGuard.
 * @example const mg = new MastGuardClient({ apiKey: 'mg_live_your_key_here' })
 * @throws MastGuardError `invalid-api-key`, `invalid-base-url` or `invalid-secret`
 */
export class MastGuardClient {
  readonly governance: GovernanceResource;
  readonly hitl: HITLResource;
  readonly agents: AgentsResource;
  readonly billing: BillingResource;
  readonly webhooks: WebhookResource;

  constructor({ apiKey, baseUrl, webhookSecret, timeoutMs = 30_000, maxRetries = 2, headers = {}, fetch, onAttempt }: ClientOptions = {}) {
    const api = createTransport({
      apiKey: checkedKey(apiKey ?? environmentVariable('MASTGUARD_API_KEY')),
      baseUrl: checkedUrl(baseUrl ?? environmentVariable('MASTGUARD_BASE_URL') ?? BASE_URL),
      timeoutMs,
      maxRetries,
      headers,
      fetch,
      onAttempt,
    });
    this.hitl = new HITLResource(api);
    this.governance = new GovernanceResource(api, this.hitl);
    this.agents = new AgentsResource(api);
    this.billing = new BillingResource(api);
    this.webhooks = new WebhookResource(api, { secret: webhookSecret ?? environmentVariable('MASTGUARD_WEBHOOK_SECRET') });
  }
}

/** Checked here, for `fetch` names a header that it refuses, value and all, in its error. */
function checkedKey(apiKey: string | undefined): string {
  if (apiKey === undefined || !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new MastGuardError('no API key: set `apiKey` or MASTGUARD_API_KEY, without blanks', { code: 'invalid-api-key' });
  }
  return apiKey;
}

function checkedUrl(baseUrl: string): string {
  if (!/^https?:\/\/[^/?#\s]+[^?#\s]*$/i.test(baseUrl)) throw new MastGuardError('`baseUrl` is no http(s) URL', { code: 'invalid-base-url' });
  return baseUrl.replace(/\/+$/, '');
}
