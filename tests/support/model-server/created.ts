/** When everything was made, in seconds: answers do not differ by the time of day. */
export const CREATED = 1_795_000_000;
