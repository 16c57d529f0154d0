/**
 * No test of its own, but what the reflector's tests share: a scripted server with a real transport to it, and records
 * of what the reflector tells that a test can wait for.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { type CallPattern, type ReplyStep, ScriptedServer } from "../../testing/scripted_server.ts";
import { plainClusterConfig } from "../config/mod.ts";
import { Transport, type TransportOptions } from "../transport/mod.ts";
import type { EventDecoder } from "./event_decoder.ts";
import { leanDecoder } from "./lean_decoder.ts";
import { PODS } from "./kinds.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorOptions } from "./reflector_options.ts";
import { keyOf, type KubeObject, type ResourceKind } from "./resource_kind.ts";

/** Lines that were written down, and can be waited for. */
export class Record {
  readonly lines: string[] = [];
  #more: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Writes a line down. */
  add(line: string): void {
    this.lines.push(line);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  /** Resolves when there are that many lines. */
  async has(count: number): Promise<string[]> {
    while (this.lines.length < count) await this.#more.promise;
    return this.lines;
  }

  /** Resolves when that line was written last. */
  async until(line: string): Promise<void> {
    while (this.lines.at(-1) !== line) await this.#more.promise;
  }
}

/** A reflector of a scripted server. */
export class Scene<T extends KubeObject = Pod> implements AsyncDisposable {
  readonly server: ScriptedServer = ScriptedServer.start();
  readonly transport: Transport;
  readonly reflector: Reflector<T>;
  /** Changes, as `added n/a@1 replayed`. */
  readonly changes: Record = new Record();
  readonly states: Record = new Record();
  /** Types of events, as decoded. */
  readonly events: Record = new Record();
  /** Messages of errors. */
  readonly errors: Record = new Record();

  constructor(
    options: ReflectorOptions<T> = {},
    kind: ResourceKind<T> = PODS as unknown as ResourceKind<T>,
    transport: TransportOptions = {},
  ) {
    this.transport = new Transport(plainClusterConfig(this.server.url), {
      maxRetries: 0,
      ...transport,
    });
    const decoder = leanDecoder(kind);
    const decode: EventDecoder<T> = {
      event: (line) => {
        const event = decoder.event(line);
        this.events.add(event.type);
        return event;
      },
      page: (body) => decoder.page(body),
    };
    this.reflector = new Reflector(this.transport, kind, { random: () => 1, decode, ...options });
    this.reflector.onChange(({ type, object, replayed }) => {
      const version = object.metadata?.resourceVersion;
      this.changes.add(`${type} ${keyOf(object)}@${version}${replayed ? " replayed" : ""}`);
    });
    this.reflector.onState((state) => this.states.add(state));
    this.reflector.onError((error) => this.errors.add(error.message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reflector.close();
    await this.transport.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** The path of all pods. */
export const PODS_PATH = "/api/v1/pods";

/** A pod as JSON. */
export function pod(name: string, resourceVersion: string, uid = `uid-${name}`): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "n", name, uid, resourceVersion },
  };
}

/** The answer to a list of pods. */
export function podList(
  resourceVersion: string,
  items: unknown[],
  continueToken?: string,
): ReplyStep[] {
  const metadata = { resourceVersion, continue: continueToken };
  return [{ status: 200, json: { kind: "PodList", apiVersion: "v1", metadata, items } }];
}

/** A line of a watch. */
export function line(type: string, object: unknown): ReplyStep {
  return { line: { type, object } };
}

/** A bookmark line. */
export function bookmark(resourceVersion: string): ReplyStep {
  return line("BOOKMARK", { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion } });
}

/** An answer with a Status. */
export function failure(
  code: number,
  reason: string,
  options: { headers?: { [name: string]: string }; message?: string } = {},
): ReplyStep[] {
  const { headers, message = `It is ${reason}` } = options;
  const json = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
  return [{ status: code, headers, json }];
}

/** The query of a watch from a version. */
export function watchFrom(resourceVersion: string): { [name: string]: string } {
  return { watch: "1", allowWatchBookmarks: "true", resourceVersion };
}

/** The query of a first page. */
export const FIRST_PAGE: { [name: string]: string | undefined } = {
  watch: undefined,
  continue: undefined,
};

/** The first page of a list. */
export const LIST: CallPattern = { path: PODS_PATH, query: FIRST_PAGE };

/** A watch from a version. */
export function watch(resourceVersion: string): CallPattern {
  return { path: PODS_PATH, query: watchFrom(resourceVersion) };
}

/** A watch that the test does not wait for. */
export function lastWatch(resourceVersion: string): CallPattern {
  return { ...watch(resourceVersion), times: Infinity };
}
