/**
 * Options of the requests that all resources have, and the query strings made of them.
 *
 * @module
 */
import { formatQuery } from "./query.ts";

/** Options of a request that has none of its own. */
export interface NoOpts {
  abortSignal?: AbortSignal;
}

interface SelectOpts extends NoOpts {
  fieldSelector?: string;
  labelSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
}

export interface GetListOpts extends SelectOpts {
  continue?: string;
  limit?: number;
}

export interface WatchListOpts extends SelectOpts {
  allowWatchBookmarks?: boolean;
}

/** Options of creating and of replacing. */
export interface PutOpts extends NoOpts {
  dryRun?: string;
  fieldManager?: string;
  fieldValidation?: string;
}

export interface PatchOpts extends PutOpts {
  force?: boolean;
}

/** Options of a get, of old: Kubernetes has had none since 1.21. */
export interface GetOpts extends NoOpts {
  exact?: boolean;
  export?: boolean;
}

export interface DeleteOpts extends NoOpts {
  dryRun?: string;
  gracePeriodSeconds?: number;
  ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
  orphanDependents?: boolean;
  propagationPolicy?: string;
}

export interface DeleteListOpts extends DeleteOpts, GetListOpts {}

const SELECT = [
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeoutSeconds",
] as const;
const PUT = ["dryRun", "fieldManager", "fieldValidation"] as const;
const DELETE = [
  "gracePeriodSeconds",
  "ignoreStoreReadErrorWithClusterBreakingPotential",
] as const;

export function formatGetListOpts(opts: GetListOpts): URLSearchParams {
  const names = ["continue", "fieldSelector", "labelSelector", "limit", ...SELECT];
  return formatQuery({ ...opts }, names);
}

export function formatWatchListOpts(opts: WatchListOpts): URLSearchParams {
  const names = ["allowWatchBookmarks", "fieldSelector", "labelSelector", ...SELECT];
  return formatQuery({ ...opts }, names, [["watch", "1"]]);
}

export function formatPutOpts(opts: PutOpts): URLSearchParams {
  return formatQuery({ ...opts }, PUT);
}

export function formatPatchOpts(opts: PatchOpts): URLSearchParams {
  return formatQuery({ ...opts }, [...PUT, "force"]);
}

export function formatGetOpts(opts: GetOpts): URLSearchParams {
  return formatQuery({ ...opts }, ["exact", "export"]);
}

export function formatDeleteOpts(opts: DeleteOpts): URLSearchParams {
  const names = ["dryRun", ...DELETE, "orphanDependents", "propagationPolicy"];
  return formatQuery({ ...opts }, names);
}

export function formatDeleteListOpts(opts: DeleteListOpts): URLSearchParams {
  return formatQuery({ ...opts }, [
    "continue",
    "dryRun",
    "fieldSelector",
    ...DELETE,
    "labelSelector",
    "limit",
    "orphanDependents",
    "propagationPolicy",
    ...SELECT,
  ]);
}
