import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { z } from "zod";
import { DNS_NAME, quote } from "../../runtime/mod.ts";
import { FencedWriter } from "../workloads/fenced_writer.ts";
import { FencedRecord } from "./fenced_record.ts";

/** The longest name of a ConfigMap. */
const MAX_NAME = 253;

/** Options of {@linkcode Records}. */
export interface RecordsOptions {
  /** Sends the requests. */
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  /** The coordinator's namespace, in which the ConfigMaps are. */
  namespace: string;
}

/** What a coordinator remembers in the cluster: each record is a ConfigMap of its own. */
export class Records {
  readonly #options: RecordsOptions;
  readonly #writer: FencedWriter;

  /** Nothing is sent yet. */
  constructor(options: RecordsOptions) {
    this.#options = options;
    this.#writer = new FencedWriter(options.client, options.coordinator);
  }

  /**
   * The record of that name, in ConfigMap `troupe-<coordinator>-<what>`; nothing is sent yet. There
   * must be one `FencedRecord` for each name at a time.
   *
   * @throws {TypeError} when that is no name of an object
   */
  record<T>(what: string, schema: z.ZodType<T>): FencedRecord<T> {
    const { client, coordinator, namespace } = this.#options;
    const object = recordName(coordinator, what);
    return new FencedRecord({
      client,
      writer: this.#writer,
      place: { object, namespace, coordinator },
      schema,
    });
  }
}

/**
 * Name of the ConfigMap that keeps `what` of a coordinator.
 *
 * @throws {TypeError} when that is no name of an object
 */
export function recordName(coordinator: string, what: string): string {
  const name = `troupe-${coordinator}-${what}`;
  if (DNS_NAME.test(what) && name.length <= MAX_NAME) return name;
  throw new TypeError(
    `Cannot keep a record ${quote(what)} of coordinator "${coordinator}": allowed are lower-case ` +
      `letters, digits, "-" and ".", so many that "troupe-${coordinator}-" and it have at most ` +
      `${MAX_NAME} characters`,
  );
}
