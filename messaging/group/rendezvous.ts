/**
 * Rendezvous hashing (D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates",
 * IEEE/ACM Transactions on Networking 6(1), 1998): of all candidates the one wins whose hash together
 * with the key is the highest. A candidate that comes takes keys to itself alone, one that goes leaves
 * its keys to the others alike, and no key moves between those that stay.
 */

/** The candidate that a key falls to; undefined if there is none. @param name what it is known by */
export function rendezvous<T>(
  key: string,
  candidates: Iterable<T>,
  name: (candidate: T) => string,
): T | undefined {
  const seed = hash(key);
  let winner: T | undefined;
  let highest = -1;
  for (const candidate of candidates) {
    const weight = mixed(hash(name(candidate), seed));
    if (weight > highest) [winner, highest] = [candidate, weight];
  }
  return winner;
}

/** FNV-1a over UTF-16 units, from a beginning. */
function hash(text: string, from = 0x811c9dc5): number {
  let value = from;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}

/** Every bit of the result depends on all bits: names that differ at their end only must not be alike. */
function mixed(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
