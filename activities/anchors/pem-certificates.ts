import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text in DER. @throws Error when it holds none, or one that cannot be read */
export function certificatesOf(pem: string): Uint8Array[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('there is no certificate in it');
  return blocks.map((block) => Uint8Array.from(new X509Certificate(block).raw));
}
