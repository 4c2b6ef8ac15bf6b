/** The largest request documents are lists of 10,000 parts with checksums and of 1,000 keys of 1,024 bytes, escaped. */
export const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;
