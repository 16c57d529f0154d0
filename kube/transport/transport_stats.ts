/** What a transport has done; counters only grow. */
export interface TransportStats {
  /** Requests sent, retries among them. */
  readonly requests: number;
  /** Requests that were sent again after a failure. */
  readonly retries: number;
  /** Milliseconds that requests waited for the budget, summed up. */
  readonly throttledMs: number;
  /** Requests by verb, resource and HTTP code: `"list pods 200"`, `"patch pods/status 409"`, `"watch pods error"`. */
  readonly byOutcome: Readonly<Record<string, number>>;
}

/** One request, told to `onRequest` when its answer is there; a stream's when its headers are. */
export interface RequestRecord {
  /** The verb that RBAC knows: `list`, `create`, … */
  readonly verb: string;
  /** Plural name, with the subresource if there is one: `pods`, `pods/log`; else the path. */
  readonly resource: string;
  /** The namespace, if the request had one. */
  readonly namespace?: string;
  /** The object's name, if the path, or the body of a create, has it. */
  readonly name?: string;
  /** The path without the query. */
  readonly path: string;
  /** HTTP code; undefined if no answer came. */
  readonly code?: number;
  /** How long it took, without waiting for the budget. */
  readonly ms: number;
  /** What the caller, or the next attempt, is told. */
  readonly error?: Error;
}
