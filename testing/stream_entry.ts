/** An object of Kubernetes, as far as a stream of its states is checked. */
export interface StreamObject {
  /** What every object has. */
  metadata?: {
    /** Its name. */
    name?: string | null;
    /** Its namespace, if it is in one. */
    namespace?: string | null;
    /** Identifies it, also when another one gets its name. */
    uid?: string | null;
    /** Version of its state; a number, as etcd's are. */
    resourceVersion?: string | null;
  } | null;
}

/** What the API server had: one line of a plain watch from the beginning. */
export interface RecordedState {
  /** Identifies the object. */
  readonly uid: string;
  /** `namespace/name`. */
  readonly key: string;
  /** Version of the state. */
  readonly revision: number;
  /** Whether the object was deleted with this version. */
  readonly deleted: boolean;
  /** What of the state must be told, as text; equal texts need not be told twice. */
  readonly visible: string;
}

/** What a handler heard, and marks between. */
export type StreamEntry = HeardEvent | ResumedMark | BookmarkMark;

/** An event that a handler heard. */
export interface HeardEvent extends RecordedState {
  /** Tells entries apart. */
  readonly entry: "event";
  /** The event's type. */
  readonly type: string;
  /** Tells events of one state and type apart, such as restarts of two containers. */
  readonly detail: string;
  /** Whether it was present state told again. */
  readonly replayed: boolean;
}

/** From here on the stream goes on after it was interrupted. */
export interface ResumedMark {
  /** Tells entries apart. */
  readonly entry: "resumed";
}

/** By here everything up to a version must have been heard. */
export interface BookmarkMark {
  /** Tells entries apart. */
  readonly entry: "bookmark";
  /** The version. */
  readonly revision: number;
}

/** A promise of a stream, by etcd's name for it. */
export type StreamProperty =
  | "ordered"
  | "unique"
  | "atomic"
  | "reliable"
  | "resumable"
  | "bookmarkable";

/** A promise that was not kept. */
export interface StreamViolation {
  /** Which promise. */
  readonly property: StreamProperty;
  /** What is wrong, in a sentence without a full stop. */
  readonly message: string;
  /** Index of the entry at which it shows; the number of entries if at the end. */
  readonly at: number;
}
