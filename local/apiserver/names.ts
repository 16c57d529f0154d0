/** Names, identities and addresses that the server makes up. */

/** Without vowels and look-alikes, as the real server. */
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;
/** A label's 63 characters less the suffix. */
const MAX_BASE_LENGTH = 58;

/** A random lower-case text that is safe in names. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let text = "";
  for (const byte of bytes) text += SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length];
  return text;
}

/** A name that starts with `generateName`. */
export function generateName(base: string): string {
  return base.slice(0, MAX_BASE_LENGTH) + randomText(SUFFIX_LENGTH);
}
