import type { RequestOptions } from "@cloudydeno/kubernetes-client";
import { type RequestInfo, resourceOf } from "./request_info.ts";

/** What a transport has done; counters only grow. */
export interface TransportStats {
  /** Requests sent, retries among them. */
  readonly requests: number;
  /** Requests that were sent again after a failure. */
  readonly retries: number;
  /** Milliseconds that requests waited for the budget, summed up. */
  readonly throttledMs: number;
  /** Requests by verb, resource and HTTP code: `"list pods 200"`, `"patch pods/status 409"`, `"watch pods error"`. */
  readonly byOutcome: Readonly<Record<string, number>>;
}

/** One request, told to `onRequest` when its answer is there; a stream's when its headers are. */
export interface RequestRecord {
  /** The verb that RBAC knows: `list`, `create`, … */
  readonly verb: string;
  /** Plural name, with the subresource if there is one: `pods`, `pods/log`; else the path. */
  readonly resource: string;
  /** The namespace, if the request had one. */
  readonly namespace?: string;
  /** The object's name, if the path, or the body of a create, has it. */
  readonly name?: string;
  /** The path without the query. */
  readonly path: string;
  /** HTTP code; undefined if no answer came. */
  readonly code?: number;
  /** How long it took, without waiting for the budget. */
  readonly ms: number;
  /** What the caller, or the next attempt, is told. */
  readonly error?: Error;
}

/** The record of a request. */
export function toRecord(
  info: RequestInfo,
  { path, bodyJson }: Pick<RequestOptions, "path" | "bodyJson">,
  outcome: Pick<RequestRecord, "code" | "ms" | "error">,
): RequestRecord {
  const { verb, namespace } = info;
  const name = info.name ?? nameOf(bodyJson);
  return {
    verb,
    resource: resourceOf(info),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    path: path.split("?", 1)[0]!,
    ...outcome,
  };
}

/** The name in an object that is created; none if the server is to make it. */
function nameOf(body: unknown): string | undefined {
  const { metadata } = (body ?? {}) as { metadata?: { name?: unknown } | null };
  return typeof metadata?.name === "string" ? metadata.name : undefined;
}
