const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SEXTETS: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/** RFC 4648, section 4, with padding. */
export function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const group = first * 65_536 + second * 256 + third;
    const sextets = [group >> 18, (group >> 12) & 63, (group >> 6) & 63, group & 63].map((value) => ALPHABET[value]).join('');
    const left = bytes.length - at;
    text += left >= 3 ? sextets : sextets.slice(0, left + 1).padEnd(4, '=');
  }
  return text;
}

/** Bytes of padded base64; undefined where the text is not exactly what {@link base64Of} writes, so that bytes have one text only. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0; at < text.length; at += 4) {
    const isLast = at + 4 === text.length;
    let group = 0;
    for (let place = 0; place < 4; place += 1) {
      const isPadding = isLast && place >= 4 - padding;
      const value = isPadding ? 0 : SEXTETS.get(text.charAt(at + place));
      if (value === undefined) return undefined;
      group = group * 64 + value;
    }
    const start = (at / 4) * 3;
    const groupBytes = [group >> 16, (group >> 8) & 255, group & 255];
    const kept = isLast ? 3 - padding : 3;
    // Bits beyond the last byte must be zero.
    if (groupBytes.slice(kept).some((byte) => byte !== 0)) return undefined;
    bytes.set(groupBytes.slice(0, kept), start);
  }
  return bytes;
}
