/** How large the parts of a bucket may be, in bytes of UTF-8. An object of the API takes 1 MiB at most. */

const KIB = 1024;

/** Of a key. The table of leaves has one for each leaf. */
export const MAX_KEY_BYTES = 512;

/** Of a value, as it is stored. So a leaf has two of the largest at least. */
export const MAX_VALUE_BYTES = 256 * KIB;

/** From here on a value is compressed: what is shorter hardly gets smaller. */
export const COMPRESS_FROM_BYTES = KIB;

/** Of the head's entries, when they are merged into leaves: each write sends all of them. */
export const MERGE_FROM_BYTES = 64 * KIB;

/**
 * Of the head's entries, when writes wait for a merge; so much may one transaction write, too, on top of what is
 * too little to be merged.
 */
export const MAX_HEAD_BYTES = 512 * KIB;

/** Of deletions beyond that: they need a little space to give back much. */
export const SPARE_HEAD_BYTES = 64 * KIB;

/** How many leaves one merge makes anew at most; a large bucket is merged part by part. */
export const MAX_MERGED_LEAVES = 8;

/** Of a leaf. */
export const MAX_LEAF_BYTES = 512 * KIB;

/** Of a leaf that is made as a part of more: so it may grow, and shrink, before it is made anew. */
export const USUAL_LEAF_BYTES = 320 * KIB;

/** Of a leaf that stays alone: smaller ones are joined with what is beside them. */
export const MIN_LEAF_BYTES = 128 * KIB;

/** Of all that is stored. */
export const MAX_BUCKET_BYTES = 16 * KIB * KIB;

const encoder = new TextEncoder();

/** Bytes of a text as UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
