import { whileBusy } from './while-busy.ts';

/** As the global one, and asks again while the product is too busy, which on a slow machine it may be more often than a client asks again. */
export const patientFetch: typeof fetch = (input, init) => whileBusy(() => fetch(input, init));

/** The same, and nobody gives up an answer that is under way: for what is to be answered and not to be in time. */
export const stubbornFetch: typeof fetch = (input, init) => patientFetch(input, { ...init, signal: null });
