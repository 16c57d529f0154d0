/** The leaves of a bucket, by their ids: those that are here, and the requests for the others. */
import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import {
  type ConfigMapJson,
  objectName,
  PRIMITIVE_LABEL,
  RAW_CONFIG_MAPS,
} from "../record/record_object.ts";
import { boundedRequest, httpCodeOf, isPassing, isUncertain } from "../requests.ts";
import { pause } from "../waiting.ts";
import type { Entry } from "./entry.ts";
import type { Head } from "./head.ts";
import { BUCKET_LABEL, isAbandoned, Leaf, LEAF_KIND, leafObject, parseLeaf } from "./leaf.ts";

/** The wait after a request that failed, at most, in milliseconds: it doubles with each. */
const WAITS = { first: 100, longest: 2_000 };

/** Of objects that are listed only what stands about them is wanted. */
const METADATA_ONLY =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/** See the module's text. */
export class LeafStore {
  readonly #context: RequestContext;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #cache = new Map<string, Leaf>();
  readonly #onLoad: (leaf: Leaf) => void;

  /** @param kind stands in the names of the objects */
  constructor(
    context: RequestContext,
    { kind, bucket, onLoad }: { kind: string; bucket: string; onLoad: (leaf: Leaf) => void },
  ) {
    this.#context = context;
    this.#onLoad = onLoad;
    this.#bucket = bucket;
    this.#prefix = `${objectName({ kind, name: bucket })}.`;
  }

  /** One that is here. */
  cached(id: string): Leaf | undefined {
    return this.#cache.get(id);
  }

  /** Forgets those that a head does not refer to. */
  retain({ leaves }: Head): void {
    const ids = new Set(leaves.map(({ id }) => id));
    for (const id of this.#cache.keys()) if (!ids.has(id)) this.#cache.delete(id);
  }

  /** Reads one; nothing if it is no more. */
  async load(id: string, signal: AbortSignal): Promise<Leaf | undefined> {
    const object = await this.#repeat("GET", { id, verb: "read" }, signal);
    if (!object) return undefined;
    const leaf = parseLeaf(object as ConfigMapJson, this.#bucket);
    this.#cache.set(id, leaf);
    this.#onLoad(leaf);
    return leaf;
  }

  /** Makes one; returns its id. */
  async create(entries: readonly Entry[], base: Head, signal: AbortSignal): Promise<string> {
    const { namespace } = this.#context;
    const id = crypto.randomUUID().slice(0, 13);
    const name = `${this.#prefix}${id}`;
    const object = leafObject(entries, { namespace, name, bucket: this.#bucket, base });
    const bodyJson = object as unknown as JSONValue;
    await this.#repeat("POST", { id, verb: "create", bodyJson }, signal);
    this.#cache.set(id, new Leaf(entries));
    return id;
  }

  /** Deletes one, if it is there. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#repeat("DELETE", { id, verb: "delete" }, signal);
    this.#cache.delete(id);
  }

  /** Deletes those that nothing refers to, and never will. `read` gives the head as it is after it is called. */
  async sweep(read: () => Promise<Head>, signal: AbortSignal): Promise<void> {
    const querystring = new URLSearchParams({
      labelSelector: `${PRIMITIVE_LABEL}=${LEAF_KIND},${BUCKET_LABEL}=${this.#bucket}`,
    });
    const list = await this.#repeat("GET", { verb: "list", querystring }, signal);
    const head = await read();
    const living = new Set(head.leaves.map(({ id }) => `${this.#prefix}${id}`));
    for (const object of (list as unknown as { items: ConfigMapJson[] }).items) {
      const name = object.metadata?.name ?? "";
      if (!name.startsWith(this.#prefix) || living.has(name) || !isAbandoned(object, head)) {
        continue;
      }
      await this.remove(name.slice(this.#prefix.length), signal);
    }
  }

  /** Sends a request until it succeeds, or has turned out to have; nothing if there is no such object. */
  async #repeat(
    method: "GET" | "POST" | "DELETE",
    request: { id?: string; verb: string; bodyJson?: JSONValue; querystring?: URLSearchParams },
    signal: AbortSignal,
  ): Promise<JSONValue | undefined> {
    const { clock, random, errors } = this.#context;
    let inDoubt = false;
    for (let failures = 0;; failures++) {
      try {
        return await this.#send(method, request, signal);
      } catch (error) {
        const code = httpCodeOf(error);
        if (code === 404 && method !== "POST") return undefined;
        if (code === 409 && method === "POST" && inDoubt) return undefined; // no other has its id
        if (signal.aborted || !isPassing(error)) throw error;
        inDoubt ||= isUncertain(error);
        errors.report(error);
      }
      await pause(clock, random() * Math.min(WAITS.first * 2 ** failures, WAITS.longest), signal);
    }
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    { id, verb, bodyJson, querystring }: {
      id?: string;
      verb: string;
      bodyJson?: JSONValue;
      querystring?: URLSearchParams;
    },
    signal: AbortSignal,
  ): Promise<JSONValue> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const doing = `${verb} ConfigMap "${namespace}/${this.#prefix}${id ?? "*"}"`;
    const name = method === "POST" || id === undefined ? undefined : `${this.#prefix}${id}`;
    const path = resourcePath(RAW_CONFIG_MAPS, { namespace, name });
    const accept = querystring && METADATA_ONLY;
    return await boundedRequest(
      { method, path, bodyJson, querystring, accept, expectJson: true },
      { client, clock, requestTimeout, doing, signal },
    );
  }
}
