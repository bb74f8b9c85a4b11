/** Another system's id where it can be one of ours: letters, digits and `_ . : -`, at most 128. */
export const publicId = (id: unknown): string | undefined => (typeof id === 'string' && /^[A-Za-z0-9_.:-]{1,128}$/.test(id) ? id : undefined);
