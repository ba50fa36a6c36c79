/** Bounds on inputs, in a file of its own: the thread that prepares pictures would otherwise load all schemas for them. */

/** Pillow's own limit, above which it warns of a decompression bomb: 1 GiB / 4 / 3. */
export const DEFAULT_MAX_PIXELS = 89_478_485;
/** What a picture file may be long, in bytes: an uncompressed one of the pixel limit, 16 bits and 4 channels, is about 700 MB. */
export const MAX_IMAGE_BYTES = 768 * 1024 * 1024;
/** What a text may be long, in UTF-16 code units: a book of 1,500 pages has about 4 million. */
export const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** How many parts a text is divided into at most: about 100,000 words for a model that reads 512 tokens. */
export const MAX_TEXT_PARTS = 256;
/** What a file of a text may be long, in bytes: no character takes more than three for each code unit. */
export const MAX_TEXT_BYTES = 3 * MAX_TEXT_LENGTH;
