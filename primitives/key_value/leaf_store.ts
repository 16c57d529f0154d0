import type { JSONValue } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type ConfigMapJson, objectName, RAW_CONFIG_MAPS } from "../record/record_object.ts";
import { boundedRequest, httpCodeOf } from "../requests.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";

/** The leaves of a bucket, by their ids. */
export class LeafStore {
  readonly #context: RequestContext;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #cache = new Map<string, Leaf>();

  constructor(context: RequestContext, { kind, bucket }: { kind: string; bucket: string }) {
    this.#context = context;
    this.#bucket = bucket;
    this.#prefix = `${objectName({ kind, name: bucket })}.`;
  }

  /** One that is here. */
  cached(id: string): Leaf | undefined {
    return this.#cache.get(id);
  }

  /** Reads one; nothing if it is no more. */
  async load(id: string, signal: AbortSignal): Promise<Leaf | undefined> {
    try {
      const object = await this.#send("GET", {
        id,
        signal,
        verb: "read",
      }) as unknown as ConfigMapJson;
      const leaf = parseLeaf(object, this.#bucket);
      this.#cache.set(id, leaf);
      return leaf;
    } catch (error) {
      if (httpCodeOf(error) !== 404) throw error;
      return undefined;
    }
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    { id, verb, bodyJson, signal }: {
      id: string;
      verb: string;
      bodyJson?: JSONValue;
      signal: AbortSignal;
    },
  ): Promise<JSONValue> {
    const { client, clock, namespace, timing: { requestTimeout } } = this.#context;
    const name = `${this.#prefix}${id}`;
    const doing = `${verb} ConfigMap "${namespace}/${name}"`;
    const path = resourcePath(RAW_CONFIG_MAPS, {
      namespace,
      ...method === "POST" ? {} : { name },
    });
    return await boundedRequest({ method, path, bodyJson, expectJson: true }, {
      client,
      clock,
      requestTimeout,
      doing,
      signal,
    });
  }
}
