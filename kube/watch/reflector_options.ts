import type { EventDecoder } from "./event_decoder.ts";
import type { KubeObject, ResourceKind } from "./resource_kind.ts";

/** Options of a {@linkcode Reflector}. */
export interface ReflectorOptions<T extends KubeObject> {
  /**
   * What the kind was called before, for servers that do not know it by its present name.
   *
   * @default none
   */
  formerKind?: ResourceKind<T>;
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

/** Milliseconds of silence that end a watch: API servers send a bookmark each 60 s. */
const IDLE_TIMEOUT_MS = 90_000;

/** Options with their defaults. */
export interface ResolvedReflectorOptions {
  readonly pageSize: number;
  readonly idleTimeout: number;
  readonly staleAfter: number;
  readonly minBackoff: number;
  readonly maxBackoff: number;
}

/**
 * Fills in the defaults of the numbers.
 *
 * @throws {RangeError} When one of them is not above 0.
 */
export function resolveNumbers<T extends KubeObject>(
  options: ReflectorOptions<T>,
): ResolvedReflectorOptions {
  const { pageSize = 500, idleTimeout = IDLE_TIMEOUT_MS, minBackoff = 500 } = options;
  const { staleAfter = idleTimeout * 5 / 6, maxBackoff = 30_000 } = options;
  const resolved = { pageSize, idleTimeout, staleAfter, minBackoff, maxBackoff };
  for (const [name, value] of Object.entries(resolved)) {
    if (value > 0) continue; // and so no NaN
    throw new RangeError(`Cannot make a reflector: ${name} is ${value}, it must be above 0`);
  }
  return resolved;
}
