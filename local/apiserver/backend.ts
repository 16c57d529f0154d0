/** What all request handlers share. */
import { toCoreEvent, toNewEvent } from "./event_views.ts";
import type { KindInfo } from "./kinds.ts";
import type { ApiObject } from "./object.ts";
import type { Store } from "./store.ts";
import type { View } from "./stored.ts";

/** The server's state and settings. */
export interface Backend {
  readonly store: Store;
  /** The present time. */
  readonly now: () => Date;
  /** Bytes that may wait for a slow watch, besides its initial state. */
  readonly watchBuffer: number;
  /** Open watches. */
  readonly watches: Set<{ bookmark(): void; close(): void }>;
  /** Open WebSockets. */
  readonly streams: Set<{ close(): void }>;
}

/** How a request wants its write done. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  /** Texts for Warning headers; the write adds to it. */
  readonly warnings: string[];
}

/** The form in which a kind is shown, if it is not the stored one. */
export function viewOf(kind: KindInfo): View | undefined {
  if (kind.apiVersion === "policy/v1beta1") return toOldPolicy;
  return kind.apiVersion === "events.k8s.io/v1" ? toNewEvent : undefined;
}

function toOldPolicy(budget: ApiObject): ApiObject {
  return { ...budget, apiVersion: "policy/v1beta1" };
}

/** The stored form of what a client sent. */
export function storedForm(kind: KindInfo, object: ApiObject): ApiObject {
  return kind.apiVersion === "events.k8s.io/v1" ? toCoreEvent(object) : object;
}
