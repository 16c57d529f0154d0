/**
 * The protocol of an election as a union of states, and what can happen in them. All times are of
 * the local monotonic clock, in milliseconds.
 *
 * ```
 *               free, expired or own               written
 *   following ───────────────────────▶ claiming ──────────────▶ leading
 *      ▲  ▲                               │ refused, failed       │  │ abandoned
 *      │  └───────────────────────────────┘                       │  ▼
 *      ├───────────────── overdue, or held by another ────────────┘ releasing ──▶ ended
 *      └────────────────────────── if it was only to resign ─────────────┘
 * ```
 *
 * @module
 */
import type { LeaseRecord } from "./lease_record.ts";
import type { Observation } from "./observation.ts";

/** The request that a state wants, and when. */
export interface Due {
  readonly request: "read" | "write";
  readonly at: number;
}

/** What all states remember. */
export interface Memory {
  /** The Lease as last observed; nothing before the first answer. */
  readonly seen?: Observation;
  /** The highest version that was seen under another's or no holder, or of own writes. */
  readonly newest: number;
  /** The highest count of transitions that was seen. */
  readonly transitions?: number;
  /** Milliseconds that an answer takes, as last measured; nothing before the first. */
  readonly roundTrip?: number;
  /** Requests that failed in a row. */
  readonly failures: number;
  /** Whether it was told to stop: then it leads on, but claims nothing. */
  readonly stopping: boolean;
  /** Nothing is claimed before: it has resigned. */
  readonly restingUntil?: number;
}

/**
 * Someone else holds the Lease, or nothing is known yet. The request is a read, due when the lease
 * has had its time. Next: claiming.
 */
export interface Following extends Memory {
  readonly phase: "following";
  readonly due: Due;
  /** Why an own term is over, if it just ended. */
  readonly lost?: string;
}

/**
 * The Lease may be taken. The request is the write that takes it. Next: leading when that succeeds,
 * else following, which reads again.
 */
export interface Claiming extends Memory {
  readonly phase: "claiming";
  readonly due: Due;
  /** As in {@linkcode Following}. */
  readonly lost?: string;
}

/**
 * The Lease is held, and trusted until the deadline. The request is a renewal, or a read after a
 * renewal was refused. Next: leading; following or claiming when the deadline passes or somebody
 * else holds it; releasing when told so.
 */
export interface Leading extends Memory {
  readonly phase: "leading";
  readonly due: Due;
  /** The version of the write that acquired the Lease. */
  readonly token: number;
  /** Until when the term may be trusted: counted from before the last successful write was sent. */
  readonly deadline: number;
}

/**
 * The term is over, and the Lease is given back within a bound. Next: ended if it was told to stop, else
 * following.
 */
export interface Releasing extends Memory {
  readonly phase: "releasing";
  readonly due: Due;
  readonly until: number;
  readonly lost?: string;
}

/** Nothing follows. */
export interface Ended extends Memory {
  readonly phase: "ended";
  readonly lost?: string;
}

/** A state of an election. */
export type ElectionState = Following | Claiming | Leading | Releasing | Ended;

/** What can happen. Whatever it is, a deadline that has passed comes first. */
export type ElectionInput =
  /** Time has passed. */
  | { readonly type: "passed" }
  /** The Lease was read, by a request that was sent at that time; or it came by the watch. */
  | { readonly type: "saw"; readonly lease?: LeaseRecord; readonly sentAt?: number }
  /** The watch tells something that has to be looked at: the Lease was deleted. */
  | { readonly type: "doubted" }
  /** A write succeeded that was sent at that time. */
  | { readonly type: "wrote"; readonly lease: LeaseRecord; readonly sentAt: number }
  /** A write was refused that was sent at that time: the Lease is not as it was read. */
  | { readonly type: "conflicted"; readonly sentAt: number }
  /** A request failed otherwise; whether a write took effect is not known. */
  | { readonly type: "failed"; readonly forbidden: boolean }
  /** No further term is wanted; `writing` tells that a write is under way. */
  | { readonly type: "stopped"; readonly writing: boolean }
  /** The present term is not wanted any longer. */
  | { readonly type: "abandoned" }
  /** No term is wanted until then: the present one ends. */
  | { readonly type: "resigned"; readonly until: number }
  /** Until when it rests has become known. */
  | { readonly type: "rested"; readonly until: number };

/** What an election goes by. Times are in milliseconds. */
export interface ElectionPolicy {
  readonly identity: string;
  /** Which `Election` it is. */
  readonly instance: string;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly renewInterval: number;
  /** How long giving back the Lease may take. */
  readonly releaseWithin: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
