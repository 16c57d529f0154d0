/** What an entry is about: names only. */
export interface ObjectRef {
  /** Kind of the object: `Pod`. */
  readonly kind: string;
  /** Its namespace, if it has one. */
  readonly namespace?: string;
  /** Its name. */
  readonly name: string;
}

/** The API server told a change of an object. */
export interface ChangeData {
  /** Tells entries apart. */
  readonly kind: "change";
  /** What changed. */
  readonly object: ObjectRef;
  /** What happened to it: `added`, `modified`, `deleted`. */
  readonly type: string;
  /** Version of the object. */
  readonly resourceVersion?: string;
  /** Identifies the object, also when another one gets its name. */
  readonly uid?: string;
  /** Whether present state was told again. */
  readonly replayed?: boolean;
  /** The state that it is in, in one word: `failing`. */
  readonly state?: string;
  /** Why, in one word: `CrashLoopBackOff`. */
  readonly reason?: string;
}

/** The coordinator decided something. */
export interface DecisionData {
  /** Tells entries apart. */
  readonly kind: "decision";
  /** What was decided: `restart`, `quarantine`, `claim`. */
  readonly decision: string;
  /** What it is about. */
  readonly object?: ObjectRef;
  /** Why, in words of ours. */
  readonly reason?: string;
}

/** Somebody called an operation; an entry says that it began, and a later one how it ended. */
export interface OperationData {
  /** Tells entries apart. */
  readonly kind: "operation";
  /** Which: `run`, `scale`, `delete`. */
  readonly operation: string;
  /** What it is about. */
  readonly object?: ObjectRef;
  /** What became of it. */
  readonly outcome: "started" | "ok" | "error";
  /** How long it took, in milliseconds. */
  readonly ms?: number;
  /** What it failed with; see {@linkcode errorText}. */
  readonly error?: string;
}

/** A handler has ended. */
export interface HandlerData {
  /** Tells entries apart. */
  readonly kind: "handler";
  /** What it handled. */
  readonly object: ObjectRef;
  /** What became of it. */
  readonly outcome: "ok" | "error";
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What it failed with; see {@linkcode errorText}. */
  readonly error?: string;
}

/** Leadership changed. */
export interface LeadershipData {
  /** Tells entries apart. */
  readonly kind: "leadership";
  /** What happened: `leading`, `following`, `lost`, `released`. */
  readonly type: string;
  /** Fencing token of the term. */
  readonly token?: number | string;
  /** Who leads. */
  readonly leader?: string;
}

/** A write was answered by the API server, or failed. */
export interface WriteData {
  /** Tells entries apart. */
  readonly kind: "write";
  /** The verb that RBAC knows: `patch`. */
  readonly verb: string;
  /** Plural name, with the subresource if there is one. */
  readonly resource: string;
  /** Its namespace, if it has one. */
  readonly namespace?: string;
  /** Its name, if it is about one. */
  readonly name?: string;
  /** HTTP code; absent if no answer came. */
  readonly code?: number;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What it failed with; see {@linkcode errorText}. */
  readonly error?: string;
}

/** What can be recorded. It has no field for what an object holds: no environment, no bodies. */
export type EntryData =
  | ChangeData
  | DecisionData
  | OperationData
  | HandlerData
  | LeadershipData
  | WriteData;

/** An entry of the flight recorder. */
export type Entry = EntryData & {
  /** Grows by one from entry to entry, from 1 on. */
  readonly id: number;
  /** When, by the wall clock: ISO 8601. */
  readonly time: string;
  /** When, by a clock that no one sets: milliseconds since the process began. */
  readonly monotonicMs: number;
  /** The entry that led to this one. */
  readonly cause?: number;
};
