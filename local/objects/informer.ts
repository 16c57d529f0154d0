/**
 * The objects of one kind as they are known here, kept up to date: a narrow view of a
 * `Reflector` that speaks of objects as they are on the wire.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type Change, type KubeObject, Reflector, type ResourceKind } from "../../kube/mod.ts";
import type { Kind } from "./kinds.ts";
import type { Item } from "./types.ts";

/** Present objects of a kind, and their changes. */
export interface Informer<T extends Item> {
  /** The object of that key (`namespace/name`, or `name` when cluster-scoped). */
  get(key: string): T | undefined;
  /** All objects. */
  values(): Iterable<T>;
  /** Whether the first full list has been read. */
  readonly synced: boolean;
  /** Calls `listener` at each change, until the returned function is called. */
  onChange(listener: (change: Change<T>) => void): () => void;
}

/** Options of {@linkcode Informers}. */
export interface InformersOptions {
  /** Called with each failure of a list or a watch; it is retried. */
  readonly onError?: (kind: Kind, error: Error) => void;
}

/** The informers that several clients share: one watch for each kind. */
export class Informers implements AsyncDisposable {
  readonly #rest: RestClient;
  readonly #options: InformersOptions;
  readonly #reflectors = new Map<string, Reflector<KubeObject>>();

  /** Watches over `rest`. */
  constructor(rest: RestClient, options: InformersOptions = {}) {
    this.#rest = rest;
    this.#options = options;
  }

  /** The informer of a kind, which starts with {@linkcode Informers.start}. */
  of<T extends Item>(kind: Kind<T>): Informer<T> {
    const id = `${kind.apiVersion}/${kind.plural}`;
    let reflector = this.#reflectors.get(id);
    if (!reflector) {
      reflector = new Reflector(this.#rest, reflected(kind));
      reflector.onError((error) => this.#options.onError?.(kind, error));
      this.#reflectors.set(id, reflector);
    }
    return viewOf<T>(reflector);
  }

  /** Starts all informers that were asked for and resolves when each knows its objects. */
  async start(signal?: AbortSignal): Promise<void> {
    const all = [...this.#reflectors.values()];
    for (const reflector of all) reflector.start(signal);
    await Promise.all(all.map((reflector) => reflector.synced({ signal })));
  }

  /** Ends all watches. */
  async close(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.close()));
  }

  /** As {@linkcode Informers.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The one place where objects of the wire pass for those of the typed clients. */
function reflected<T extends Item>(kind: Kind<T>): ResourceKind<KubeObject> {
  const { apiVersion, plural, namespaced, read } = kind;
  const decode = read as unknown as ResourceKind<KubeObject>["decode"];
  return { apiVersion, kind: kind.kind, plural, namespaced, decode };
}

function viewOf<T extends Item>(reflector: Reflector<KubeObject>): Informer<T> {
  const { store } = reflector as unknown as {
    store: { get(key: string): T | undefined; values(): Iterable<T> };
  };
  return {
    get: (key) => store.get(key),
    values: () => store.values(),
    get synced() {
      return reflector.health.synced;
    },
    onChange: (listener) =>
      reflector.onChange((change) => listener(change as unknown as Change<T>)),
  };
}

/** Groups the objects of an informer, so that one group is found without looking at all. */
export class Index<T extends Item> {
  readonly #groups = new Map<string, Map<string, T>>();
  readonly #groupsOf: (item: T) => Iterable<string>;
  readonly #known = new Map<string, T>();

  /** `groupsOf` names the groups that an object belongs to. */
  constructor(groupsOf: (item: T) => Iterable<string>) {
    this.#groupsOf = groupsOf;
  }

  /** Takes a change. */
  apply(change: Change<T>): void {
    const { uid } = change.object.metadata;
    const before = this.#known.get(uid);
    if (before) this.#leave(before);
    if (change.type === "deleted") {
      this.#known.delete(uid);
      return;
    }
    this.#known.set(uid, change.object);
    for (const name of this.#groupsOf(change.object)) {
      let group = this.#groups.get(name);
      if (!group) this.#groups.set(name, group = new Map());
      group.set(uid, change.object);
    }
  }

  /** The objects of a group. */
  in(group: string): Iterable<T> {
    return this.#groups.get(group)?.values() ?? [];
  }

  #leave(item: T): void {
    for (const name of this.#groupsOf(item)) {
      const group = this.#groups.get(name);
      group?.delete(item.metadata.uid);
      if (group?.size === 0) this.#groups.delete(name);
    }
  }
}
