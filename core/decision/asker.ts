/** Who asks for a decision: nobody lets their own requests pass. */
export interface Asker {
  /** `key:<id>` or `member:<id>`. */
  requester: string;
  /** The member behind the requester's key. Absent where there is none. */
  requesterMember?: string;
}
