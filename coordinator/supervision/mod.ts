/**
 * What a coordinator does about workers that fail: restart intensity, strategies, quarantine,
 * escalation; and which workers go first when there are to be fewer.
 *
 * @module
 */
export type {
  Escalation,
  GroupRestart,
  Quarantine,
  StoppedBySupervision,
  SupervisionFact,
  WorkerFailure,
} from "./escalation.ts";
export { checkGroup, supervisedBy } from "./declared.ts";
export type { Supervised, SupervisionPolicy, SupervisionStrategy } from "./policy.ts";
export { stoppedReason } from "./record.ts";
export { SupervisionReports } from "./supervision_reports.ts";
export { Supervisor } from "./supervisor.ts";
export { ViewCluster } from "./view_cluster.ts";
