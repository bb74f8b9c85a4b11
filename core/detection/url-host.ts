export interface UrlHost {
  /** Lower case, punycode, no trailing dot, no brackets. */
  host: string;
  /** Readers disagree on where this URL leads: backslash, white space, control characters or several hosts in it. */
  ambiguous: boolean;
}

/** Host of a URL or a bare host as an HTTP client would reach it; null where there is none. Userinfo never counts as host. */
export function urlHost(raw: string): UrlHost | null {
  const whole = raw.trim();
  // Cut within the part before `@`, a URL would seem to lead to what is a mere user name.
  if ((UP_TO_AUTHORITY.exec(whole)?.[0].length ?? 0) > 4096) return null;
  const text = whole.slice(0, 8192);
  // oxlint-disable-next-line no-control-regex -- control characters are the target
  const ambiguous = /[\\\0-\x20\x7f]/.test(text.split(/[?#]/, 1)[0] ?? '');
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/?#@:]{1,253}:\d{1,5}(?:[/?#]|$)/.test(text);
  const absolute = hasScheme
    ? text.replace(/^(?:wss?|ftps?|sftp|ssh|git|s3|gs|smtp|ldaps?|redis|postgres(?:ql)?|mysql|mongodb|amqp):/i, 'http:')
    : `http://${text.replace(/^\/\//, '')}`;
  try {
    const { hostname } = new URL(absolute);
    const host = hostname
      .replace(/^\[|\]$/g, '')
      .replace(/\.+$/, '')
      .toLowerCase();
    return host === '' ? null : { host, ambiguous: ambiguous || host.includes(',') };
  } catch {
    return null;
  }
}

const UP_TO_AUTHORITY = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]*[^/\\?#]*/i;

/** Whether a host equals one of the allowed or is a subdomain of it. Addresses match only themselves. */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  return allowed.some((raw) => {
    const entry = urlHost(raw.replace(/^\*?\./, ''))?.host;
    if (entry === undefined) return false;
    if (host === entry) return true;
    return !isAddress(entry) && !isAddress(host) && host.endsWith(`.${entry}`);
  });
}

const isAddress = (host: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':');
