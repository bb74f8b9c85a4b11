export type RefusalCode = 'address-blocked' | 'scheme-refused' | 'port-refused' | 'credentials-in-url' | 'bad-url' | 'bad-request';
export type FailureCode = 'timeout' | 'network' | 'tls';

/** The request must not be made; asking again changes nothing. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
  readonly code: RefusalCode;

  // Only the host is told: the rest of a webhook's URL is a secret, and messages end in logs and histories.
  constructor(code: RefusalCode, host: string) {
    super(host === '' ? REFUSALS[code] : `${REFUSALS[code]}: ${host}`);
    this.code = code;
  }
}

/** The request was made and came to nothing; it may succeed later, and what was sent may have arrived. */
export class OutboundFailed extends Error {
  override readonly name = 'OutboundFailed';
  readonly code: FailureCode;

  constructor(code: FailureCode, host: string, cause?: unknown) {
    super(`${FAILURES[code]}: ${host}`, cause === undefined ? {} : { cause });
    this.code = code;
  }
}

/** The failure that an error of the network stands for. */
export function outboundFailure(error: unknown, host: string): OutboundFailed {
  const code = String((error as { code?: unknown } | null)?.code);
  if (TLS_CODE.test(code)) return new OutboundFailed('tls', host, error);
  return new OutboundFailed(TIMEOUT_CODES.has(code) ? 'timeout' : 'network', host, error);
}

/** What to note of a request that came to nothing, without its address. Throws what is neither refused nor failed. */
export function outboundFault(error: unknown): { error: string; permanent: boolean } {
  if (error instanceof OutboundRefused) return { error: `refused: ${error.code}`, permanent: true };
  if (error instanceof OutboundFailed) return { error: `no answer: ${error.code}`, permanent: false };
  throw error;
}

const REFUSALS: Readonly<Record<RefusalCode, string>> = {
  'address-blocked': 'the host is not on the public internet',
  'scheme-refused': 'only https is allowed',
  'port-refused': 'the port is not allowed',
  'credentials-in-url': 'the URL must not hold a user name or password',
  'bad-url': 'the URL is not valid',
  'bad-request': 'the method or a header is not valid',
};

const FAILURES: Readonly<Record<FailureCode, string>> = {
  timeout: 'no complete answer in time',
  network: 'the connection failed',
  tls: 'no trusted TLS connection',
};

/** OpenSSL's names for what is wrong with a certificate have no prefix in common. */
const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|CRL_)/;
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT', 'ETIMEOUT']);
