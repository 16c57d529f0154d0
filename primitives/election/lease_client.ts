import type { JSONValue, RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { resourcePath } from "../../kube/mod.ts";
import type { Clock } from "../clock.ts";
import { boundedRequest, httpCodeOf } from "../requests.ts";
import { type LeaseJson, RAW_LEASES } from "./lease_record.ts";

/** Options of {@linkcode LeaseClient}. */
export interface LeaseClientOptions {
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds for one request, with its retries and its wait for the budget. */
  readonly requestTimeout: number;
  readonly clock: Clock;
}

/** The requests of an election, each of which ends in time whatever the server does. */
export class LeaseClient {
  readonly #client: RestClient;
  readonly #options: LeaseClientOptions;

  constructor(client: RestClient, options: LeaseClientOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** The Lease, or nothing if there is none. Rejects with the signal's reason when that aborts. */
  async read(signal: AbortSignal): Promise<LeaseJson | undefined> {
    const { namespace, name } = this.#options;
    try {
      return await this.#send("read", signal, {
        method: "GET",
        path: resourcePath(RAW_LEASES, { namespace, name }),
        expectJson: true,
      });
    } catch (error) {
      if (httpCodeOf(error) === 404) return undefined;
      throw error;
    }
  }

  /**
   * Creates the Lease if it names no version, else replaces that version of it. Returns nothing when
   * the server refused because the Lease is not as it was read.
   */
  async write(lease: LeaseJson, signal: AbortSignal): Promise<LeaseJson | undefined> {
    const { namespace, name } = this.#options;
    const creates = lease.metadata?.resourceVersion === undefined;
    try {
      return await this.#send("write", signal, {
        method: creates ? "POST" : "PUT",
        path: resourcePath(RAW_LEASES, creates ? { namespace } : { namespace, name }),
        bodyJson: lease as JSONValue,
        expectJson: true,
      });
    } catch (error) {
      const code = httpCodeOf(error);
      // of a create, "not found" says that the namespace is missing
      if (code === 409 || (code === 404 && !creates)) return undefined;
      throw error;
    }
  }

  async #send(
    verb: string,
    signal: AbortSignal,
    request: RequestOptions & { expectJson: true },
  ): Promise<LeaseJson> {
    const { namespace, name, requestTimeout, clock } = this.#options;
    const doing = `${verb} Lease "${namespace}/${name}"`;
    const options = { client: this.#client, clock, requestTimeout, doing, signal };
    return await boundedRequest(request, options) as LeaseJson;
  }
}
