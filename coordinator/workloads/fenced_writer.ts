/**
 * Writes that only the present leader can make.
 *
 * Flow: read the object (or begin with a copy that was seen), look at the term recorded on it, let
 * the caller decide, look whether the mandate still holds, and write on condition that nobody has
 * changed the object since it was read. After a conflict all of it begins anew, with a new read.
 *
 * Guarantee: once a later leader has claimed an object (a write that records its term), no write of
 * an earlier one is accepted for it, however late it arrives: its version of the object is stale,
 * an object that it wants to create exists, and when it reads again it finds the higher term.
 *
 * Assumption: nobody else takes that label away.
 *
 * Source: M. Kleppmann, "How to do distributed locking" (2016), on fencing tokens; optimistic
 * concurrency by resourceVersion is Kubernetes' own.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import {
  ApiError,
  delay,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeObject,
  type MergePatch,
  ObjectApi,
  type WritableKind,
} from "../../kube/mod.ts";
import { anySignal } from "../../runtime/mod.ts";
import { fieldManager, TERM_LABEL } from "../labels.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";

/** How often a write begins anew: controllers write to the status of what changes, again and again. */
const ATTEMPTS = 20;

/** Upper end of the wait before an attempt, in milliseconds; the second one does not wait. */
const MAX_WAIT = 200;

/** Which object. */
export interface FencedTarget<T extends KubeObject> {
  readonly kind: WritableKind<T>;
  readonly namespace: string;
  readonly name: string;
}

/** What to do with an object; nothing, if there is none. */
export type Decision<T> =
  | { readonly verb: "create"; readonly object: T; readonly dryRun?: boolean }
  | { readonly verb: "apply"; readonly object: T }
  | { readonly verb: "merge"; readonly patch: MergePatch }
  | { readonly verb: "delete"; readonly propagation?: "Background" | "Foreground" | "Orphan" }
  | undefined;

/** Options of {@linkcode FencedWriter.write}. */
export interface FencedWriteOptions<T> {
  /** Ends the write too, beside the end of the mandate. */
  signal?: AbortSignal;
  /** The object as it was last seen, to begin without a read. */
  seen?: T;
}

/** See the module's text. */
export class FencedWriter {
  readonly #client: RestClient;
  readonly #fieldManager: string;

  /** Writes as the coordinator of that name. */
  constructor(client: RestClient, coordinator: string) {
    this.#client = client;
    this.#fieldManager = fieldManager(coordinator);
  }

  /**
   * Does what `decide` says about the object as it is; resolves with the object as it then is,
   * `undefined` if there is none.
   *
   * @throws {NotLeadingError} when the mandate has ended, or a higher term is recorded
   * @throws what `decide` throws, and what the API server refuses for other reasons
   */
  async write<T extends KubeObject>(
    target: FencedTarget<T>,
    mandate: Mandate,
    decide: (live: T | undefined) => Decision<T>,
    options: FencedWriteOptions<T> = {},
  ): Promise<T | undefined> {
    try {
      return await this.#write(target, mandate, decide, options);
    } catch (error) {
      if (mandate.signal.aborted) mandate.check(); // which says more than that a request was ended
      throw error;
    }
  }

  async #write<T extends KubeObject>(
    target: FencedTarget<T>,
    mandate: Mandate,
    decide: (live: T | undefined) => Decision<T>,
    options: FencedWriteOptions<T>,
  ): Promise<T | undefined> {
    const api = new ObjectApi(this.#client, target.kind, target.namespace);
    const signal = options.signal ? anySignal([options.signal, mandate.signal]) : mandate.signal;
    for (let attempt = 1;; attempt++) {
      mandate.check();
      const seen = attempt === 1 ? options.seen : undefined;
      const live = seen ?? await api.get(target.name, { signal });
      if (live !== undefined) refuseIfDeposed(target, live, mandate);
      const decision = decide(live);
      if (decision === undefined) return live;
      mandate.check();
      try {
        return await this.#carryOut(api, { target, mandate, decision, live, signal });
      } catch (error) {
        if (!isStale(error, decision.verb) || attempt >= ATTEMPTS) throw error;
      }
      if (attempt > 1) await delay(Math.random() * MAX_WAIT, signal);
    }
  }

  async #carryOut<T extends KubeObject>(
    api: ObjectApi<T>,
    { target, mandate, decision, live, signal }: Planned<T>,
  ): Promise<T | undefined> {
    const options = { fieldManager: this.#fieldManager, signal };
    const found = (): T => live ?? absent(target);
    switch (decision.verb) {
      case "create":
        return await api.create(withTerm(decision.object, mandate), {
          ...options,
          dryRun: decision.dryRun,
        });
      case "apply":
        return await api.apply(withTerm(decision.object, mandate), {
          ...options,
          unchangedSince: found(),
        });
      case "merge":
        return await api.merge(found(), patchWithTerm(decision.patch, mandate), options);
      case "delete":
        await api.delete(target.name, {
          unchangedSince: found(),
          propagation: decision.propagation,
          signal,
        });
        return undefined;
    }
  }
}

interface Planned<T extends KubeObject> {
  readonly target: FencedTarget<T>;
  readonly mandate: Mandate;
  readonly decision: NonNullable<Decision<T>>;
  readonly live: T | undefined;
  readonly signal: AbortSignal;
}

/** The token of the term that last wrote to an object; `undefined` if none did. */
export function termOf(object: KubeObject): number | undefined {
  const recorded = object.metadata?.labels?.[TERM_LABEL];
  const token = Number(recorded);
  return recorded !== undefined && Number.isSafeInteger(token) ? token : undefined;
}

function refuseIfDeposed<T extends KubeObject>(
  { kind, name }: FencedTarget<T>,
  live: T,
  { token }: Mandate,
): void {
  const recorded = termOf(live);
  if (token === undefined || recorded === undefined || recorded <= token) return;
  throw new NotLeadingError(`write to ${kind.kind} "${name}"`, {
    why: `it was written to in term ${recorded}, and this is the older term ${token}`,
  });
}

function withTerm<T extends KubeObject>(object: T, { token }: Mandate): T {
  if (token === undefined) return object;
  const { metadata } = object;
  const labels = { ...metadata?.labels, [TERM_LABEL]: String(token) };
  return { ...object, metadata: { ...metadata, labels } };
}

function patchWithTerm(patch: MergePatch, { token }: Mandate): MergePatch {
  if (token === undefined) return patch;
  const metadata = patch.metadata as MergePatch | undefined;
  const given = metadata?.labels as MergePatch | undefined;
  const labels = { ...given, [TERM_LABEL]: String(token) };
  return { ...patch, metadata: { ...metadata, labels } } as MergePatch;
}

/** Whether a write was refused because the object is not as it was read. */
function isStale(error: unknown, verb: string): boolean {
  if (isConflict(error) || isAlreadyExists(error)) return true;
  if (isNotFound(error)) return verb !== "create"; // of which the namespace is missing
  // an apply to an object that has replaced another one of its name
  if (!(error instanceof ApiError) || error.httpCode !== 422) return false;
  return error.status?.details?.causes?.some(({ field }) => field === "metadata.uid") ?? false;
}

function absent<T extends KubeObject>({ kind, name }: FencedTarget<T>): never {
  throw new TypeError(`Cannot write to ${kind.kind} "${name}": there is none`);
}
