import type { EventDecoder } from "./event_decoder.ts";

/** Options of a {@linkcode Reflector}. */
export interface ReflectorOptions<T> {
  /**
   * One namespace.
   *
   * @default all namespaces
   */
  namespace?: string;
  /**
   * Only objects with these labels, such as `app=web,tier!=test`.
   *
   * @default all objects
   */
  labelSelector?: string;
  /**
   * Only objects with these fields, such as `spec.nodeName=n1`.
   *
   * @default all objects
   */
  fieldSelector?: string;
  /**
   * Objects in one page of a list.
   *
   * @default 500
   */
  pageSize?: number;
  /**
   * Milliseconds of silence that end a watch.
   *
   * @default 90_000
   */
  idleTimeout?: number;
  /**
   * Milliseconds of silence until the state is `stale`.
   *
   * @default five sixths of `idleTimeout`
   */
  staleAfter?: number;
  /**
   * Milliseconds to wait after the first failure, before jitter.
   *
   * @default 500
   */
  minBackoff?: number;
  /**
   * Milliseconds that no wait exceeds unless the server asks for more.
   *
   * @default 30_000
   */
  maxBackoff?: number;
  /**
   * Source of jitter, from 0 up to 1.
   *
   * @default Math.random
   */
  random?: () => number;
  /**
   * Makes events of bytes.
   *
   * @default leanDecoder(kind)
   */
  decode?: EventDecoder<T>;
}
