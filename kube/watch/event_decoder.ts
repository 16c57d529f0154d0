import type { ObjectKey } from "./resource_kind.ts";

/** What is kept of an object: the parts of its metadata that the cache goes by, and the rest. */
export interface Entry<T> {
  /** `namespace/name`, or `name` when cluster-scoped. */
  readonly key: ObjectKey;
  /** Differs between two objects of the same name. */
  readonly uid: string;
  /** Differs between two states of the same object; opaque. */
  readonly resourceVersion: string;
  /** The typed object, which may be built at each access. */
  readonly object: T;
}

/** An object as it comes in. */
export interface Decoded<T> {
  /** What is kept. */
  readonly entry: Entry<T>;
  /** What is told now; it need not be the very object that `entry` gives later. */
  readonly object: T;
}

/** Why the server ends a watch: the parts of a `Status` that decide what to do. */
export interface ErrorStatus {
  /** HTTP code, such as 410. */
  readonly code: number;
  /** One word, such as `Expired`. */
  readonly reason: string;
  /** For a person. */
  readonly message: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs?: number;
}

/** One line of a watch. */
export type WatchEvent<T> =
  | ({ readonly type: "added" | "modified" | "deleted" } & Decoded<T>)
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  | { readonly type: "error"; readonly status: ErrorStatus };

/** One page of a list. */
export interface ListPage<T> {
  /** The objects on this page. */
  readonly items: Decoded<T>[];
  /** The state of the whole list; where a watch may begin. */
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last. */
  readonly continueToken?: string;
}

/**
 * Makes events of bytes. Both methods throw on anything that is not what they expect: the
 * reflector counts that, reports it and reads again.
 */
export interface EventDecoder<T> {
  /** Decodes one line of a watch; the bytes are only valid during the call. */
  event(line: Uint8Array): WatchEvent<T>;
  /** Decodes the body of a list response. */
  page(body: Uint8Array): ListPage<T>;
}
