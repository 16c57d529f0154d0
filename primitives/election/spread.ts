/**
 * How long candidates wait that learn at the same time that the Lease may be taken, so that most of
 * them hear of the first one's write before they send their own.
 *
 * Nobody knows how many there are. Waits that are spread evenly are too short for many (of 1,000
 * candidates a fifth writes within a round trip) or too long for few. So they are spread
 * exponentially, most of them near the longest: of few candidates the first one comes a little before
 * that, and of many the first ones come early and one by one, as their number grows by the factor e
 * each `longest / STEEPNESS`. How many come within a round trip of the first does not depend on how
 * many there are, and is some e^(STEEPNESS / ROUND_TRIPS) = 55. Multicast protocols keep apart in this way who
 * reports a lost packet (Nonnenmacher and Biersack, "Scalable feedback for large groups", 1999).
 *
 * @module
 */

/** The logarithm of how many candidates it is made for, 1,000; of more, as many more come together. */
const STEEPNESS = 7;

/** The longest wait after a release, in round trips: after that long a write is heard of. */
const ROUND_TRIPS = 1.75;

/** A clean handover must take less than 100 ms where a round trip takes up to 20 ms, and less is of no use. */
const SHORTEST_MS = 20;

/** A measurement may have been slow because the server was busy, and a handover should not be. */
const LONGEST_MS = 100;

/**
 * The first request makes the connection, and may take several times as long as the next ones. Most
 * candidates have sent no other; those that had to send one, because many claimed at once, know more.
 */
const FIRST_ROUND_TRIP_MS = 10;

/** After an expiry the Lease is read before it is written, and a failover takes seconds anyway. */
const AFTER_EXPIRY = 4;

/** What is known of a round trip when an answer has taken so many milliseconds; `known` is from before. */
export function measured(known: number | undefined, ms: number): number {
  return known === undefined ? Math.min(ms, FIRST_ROUND_TRIP_MS) : ms;
}

/** Milliseconds to wait before a released Lease is claimed, when a request takes `roundTrip`. */
export function spreadAfterRelease(roundTrip: number, random: number): number {
  const longest = Math.min(Math.max(ROUND_TRIPS * roundTrip, SHORTEST_MS), LONGEST_MS);
  return longest / STEEPNESS * Math.log(1 + random * (Math.exp(STEEPNESS) - 1));
}

/** Milliseconds to wait before a Lease that seems to have expired is read. */
export function spreadAfterExpiry(roundTrip: number, random: number): number {
  return AFTER_EXPIRY * spreadAfterRelease(roundTrip, random);
}
