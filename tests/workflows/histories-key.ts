/** Encrypts the committed histories, which hold made-up events only. Used nowhere else. */
export const HISTORIES_MASTER_KEY = Buffer.from('6d61737467756172642d686973746f726965732d746573742d6b65792d303031', 'hex');
