/**
 * The scheduler of a cluster on one machine: an ordinary API client that gives each pod a node.
 *
 * It looks at: cordons, taints and tolerations, readiness, node selectors, required and
 * preferred node affinity, requested resources and the number of pods, host ports, required
 * pod (anti)affinity and strict topology spread. Of the nodes that suit it takes those with
 * the most room and the fewest pods of the same controller.
 *
 * Left out: preemption, volumes, preferred pod (anti)affinity, `ScheduleAnyway` spreading,
 * scheduler profiles and extenders.
 *
 * @module
 */
export { Scheduler, type SchedulerOptions, startScheduler } from "./scheduler.ts";
