/** Bytes of a text that has one character for each: `binary` to Node. Half as long for a hash as having Node make a buffer of it. */
export function bytesOfLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
