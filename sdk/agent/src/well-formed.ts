/** Events are I-JSON (RFC 7493), which has no half of a surrogate pair: each becomes U+FFFD. */
export const wellFormed = (text: string): string => (/[\uD800-\uDFFF]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\uFFFD') : text);
