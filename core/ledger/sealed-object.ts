/** Personal fields of one data subject, as a body or a row keeps them: docs/spec/sealed-fields.md. */
export interface SealedObject {
  /** HMAC of the subject under a key of the organisation, lower-case hex. */
  subject: string;
  /** Version of the subject's key. */
  key: number;
  /** SHA-256("mg-kc" ‖ data key), lower-case hex: GCM alone would let another key open to another text. */
  commitment: string;
  /** 12 bytes, base64. */
  nonce: string;
  /** Ciphertext ‖ tag (16 bytes), base64. */
  data: string;
}

/** Where a sealed object belongs. In another place it does not open. */
export interface SealedPlace {
  orgId: string;
  /** `event/<id>`, `step/<record id>`, `review/<id>`, `alert/<id>`, `audit/<record id>`, `outcome/<event id>`, `grant/<id>`. */
  place: string;
}

/** The additional data of AES-256-GCM. */
export function bindingText({ orgId, place }: SealedPlace, { subject, key }: Pick<SealedObject, 'subject' | 'key'>): string {
  return `mg-sealed-v1\n${orgId}\n${place}\n${subject}\n${key}`;
}
