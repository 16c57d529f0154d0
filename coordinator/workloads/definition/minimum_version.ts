import type { RunParams } from "../run_params.ts";
import { headKind } from "./head_kind.ts";
import { disksByName } from "./params/disks.ts";

/** What of a workload not every server of Kubernetes 1 can do. */
export interface MinimumVersion {
  /** Such as 24 of 1.24. */
  minor: number;
  /** What needs it, as the user said it, such as `"items"`. */
  feature: string;
}

/**
 * The newest version that a workload needs, beyond the 1.20 that all of troupe needs, or nothing.
 * An older server would drop the field in silence. It is the version in which a feature was first
 * on by default; where somebody has turned it off, drift shows the field as missing.
 */
export function minimumVersion(params: RunParams): MinimumVersion | undefined {
  const { timeZone, items, ttl, strategy } = params;
  const disks = Object.values(disksByName(params.storage));
  const needs: [minor: number, feature: string, isNeeded: boolean][] = [
    [27, '"ReadWriteOncePod"', disks.some(({ access }) => access === "ReadWriteOncePod")],
    [25, '"timeZone"', timeZone !== undefined],
    [22, '"items"', items !== undefined],
    [
      22,
      '"strategy.maxSurge" with "everyNode"',
      headKind(params) === "DaemonSet" && strategy?.maxSurge !== undefined,
    ],
    [21, '"ttl"', ttl !== undefined],
  ];
  const newest = needs.find(([, , isNeeded]) => isNeeded);
  return newest && { minor: newest[0], feature: newest[1] };
}
