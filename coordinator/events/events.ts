/**
 * The types of all events of a coordinator.
 *
 * @module
 */
import type { CoordinatorEvent } from "./coordinator_event.ts";
import type { NodeEvent } from "./node_event.ts";
import type { PodEvent } from "./pod_event.ts";
import type { WorkloadEvent } from "./workload_event.ts";

export type * from "./coordinator_event.ts";
export type * from "./happened.ts";
export type * from "./node_event.ts";
export type * from "./pod_event.ts";
export type * from "./workload_event.ts";

/** Every event of a coordinator, told apart by `kind`. */
export type CoordinatorEvents = CoordinatorEvent | PodEvent | WorkloadEvent | NodeEvent;
