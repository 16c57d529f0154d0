/**
 * What a controller has done and not yet seen in its cache. While something is awaited it does
 * not act, so that a cache that lags never makes it create or delete twice.
 *
 * @module
 */
import type { Change } from "../../kube/mod.ts";
import { isDeleting, type Item, type Meta } from "../objects/mod.ts";

/** What was awaited for longer is given up: its event was lost. Mirrors ExpectationsTimeout. */
const TIMEOUT_MS = 300_000;

interface Awaited {
  readonly owner: string;
  readonly deletion: boolean;
  readonly since: number;
}

/** See the module's text. Owners and objects are named by their uid. */
export class Expectations {
  readonly #clock: () => number;
  readonly #awaited = new Map<string, Awaited>();
  readonly #byOwner = new Map<string, Set<string>>();
  /** Deletions seen while a creation was under way: its answer may come after them. */
  readonly #gone = new Set<string>();
  #underWay = 0;

  /** `clock` is a monotonic clock in ms. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * Runs a creation or deletion on behalf of `owner` and awaits its result to be seen.
   *
   * `isSeen` says whether the cache knows already, asked by key when the write is answered.
   */
  async during(
    owner: string,
    write: () => Promise<Pick<Meta, "uid" | "namespace" | "name">>,
    { deletion, isSeen }: { deletion: boolean; isSeen: (key: string) => boolean },
  ): Promise<void> {
    this.#underWay++;
    try {
      const { uid, namespace, name } = await write();
      if (isSeen(`${namespace}/${name}`) || this.#gone.has(uid)) return;
      this.#awaited.set(uid, { owner, deletion, since: this.#clock() });
      let uids = this.#byOwner.get(owner);
      if (!uids) this.#byOwner.set(owner, uids = new Set());
      uids.add(uid);
    } finally {
      if (--this.#underWay === 0) this.#gone.clear();
    }
  }

  /** Takes what the cache has seen. */
  saw(change: Change<Item>): void {
    const { uid } = change.object.metadata;
    if (change.type === "deleted" && this.#underWay > 0) this.#gone.add(uid);
    const awaited = this.#awaited.get(uid);
    if (!awaited) return;
    const isOver = change.type === "deleted" || isDeleting(change.object);
    if (!awaited.deletion || isOver) this.#forget(uid, awaited.owner);
  }

  /** In how many ms the owner may act at the latest; 0 when nothing is awaited. */
  pendingFor(owner: string): number {
    let left = 0;
    for (const uid of this.#byOwner.get(owner) ?? []) {
      const since = this.#awaited.get(uid)?.since ?? 0;
      const remaining = since + TIMEOUT_MS - this.#clock();
      if (remaining <= 0) this.#forget(uid, owner);
      else left = Math.max(left, remaining);
    }
    return left;
  }

  /** Gives up what is awaited for an owner that is no more. */
  forget(owner: string): void {
    for (const uid of this.#byOwner.get(owner) ?? []) this.#awaited.delete(uid);
    this.#byOwner.delete(owner);
  }

  #forget(uid: string, owner: string): void {
    this.#awaited.delete(uid);
    const uids = this.#byOwner.get(owner);
    uids?.delete(uid);
    if (uids?.size === 0) this.#byOwner.delete(owner);
  }
}
