/** Part of the key of what is prepared: raise it whenever the preparer makes other graphs of the same files. */
export const PREPARER_VERSION = 1;
