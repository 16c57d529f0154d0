import type { PrimitiveRef } from "../../manifests/mod.ts";
import type { Contract, Specs } from "../../messaging/mod.ts";
import { checkOptions } from "../../runtime/mod.ts";
import { fieldComplaints } from "./definition/field_complaints.ts";
import type { Head } from "../heads.ts";
import { kindComplaints } from "./definition/head_kind.ts";
import type { StorageParams, VolumeParams } from "./definition/params/disks.ts";
import type { EnvValue } from "./definition/params/env.ts";
import type { JobParams } from "./definition/params/job.ts";
import type { EveryNodeParams, PlacementParams } from "./definition/params/placement.ts";
import type { PortParams } from "./definition/params/ports.ts";
import type { ProbesParams } from "./definition/params/probes.ts";
import type { ResourcesParams } from "./definition/params/resources.ts";
import type { RolloutParams } from "./definition/params/rollout.ts";
import type { ScheduleParams } from "./definition/params/schedule.ts";
import type { SecurityParams } from "./definition/params/security.ts";
import type { CheckedSupervision, SupervisionParams } from "./definition/params/supervision.ts";
import type { CheckedWorkers, WorkersParams } from "./definition/params/workers.ts";
import { replicasSchema, schema } from "./run_params_schema.ts";

export { MAX_WORKLOAD_NAME } from "./run_params_schema.ts";

/**
 * What a workload is: the parameters of `Coordinator.run`. What is said decides what it becomes: a
 * workload runs for ever (Deployment) unless it is given disks or identity (StatefulSet), runs on
 * every node (DaemonSet), to completion (Job) or on a schedule (CronJob). A field that contradicts
 * another, or would mean nothing, is an error.
 */
export interface RunParams<S extends Specs = Specs>
  extends PlacementParams, RolloutParams, JobParams, ScheduleParams {
  /** Name of the workload: a DNS label of at most 46 characters. */
  name: string;
  /**
   * Where it runs.
   * @default the coordinator's namespace
   */
  namespace?: string;
  /** Container image. */
  image: string;
  /**
   * When a node pulls the image.
   * @default Kubernetes' own: `Always` for the tag `latest`, else `IfNotPresent`
   */
  imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  /** Names of Secrets with credentials of the image's registry. @default none */
  imagePullSecrets?: string[];
  /** Port that the worker listens at. With one, a worker counts as running once it listens. */
  port?: number;
  /** Ports beside it, by name: numbers, or with a protocol. @default none */
  ports?: Record<string, number | PortParams>;
  /** Environment variables: texts, or where they are kept. */
  envs?: Record<string, EnvValue>;
  /** Labels of the head and its pods, beside troupe's own. */
  labels?: Record<string, string>;
  /** Annotations of the head and its pods. */
  annotations?: Record<string, string>;
  /**
   * How many workers.
   * @default 1
   */
  replicas?: number;
  /** How many workers by what there is to do, in place of `replicas`; needs a `contract`. */
  workers?: WorkersParams;
  /** Command in place of the image's entry point. */
  command?: string[];
  /** Arguments in place of the image's. */
  args?: string[];
  /** A disk that each worker has for itself, or several by name (see `docs/run.md`). */
  storage?: StorageParams | Record<string, StorageParams>;
  /** Whether each worker keeps its name (`name-0`, `name-1`, …) and can be found by it. @default false */
  identity?: boolean;
  /** Whether one worker runs on every node, or on every node of a choice. @default false */
  everyNode?: boolean | EveryNodeParams;
  /** What each worker gets of a node. */
  resources?: ResourcesParams;
  /** When a worker counts as ready, and when it is killed. */
  probes?: ProbesParams;
  /** Milliseconds that a worker may take to end after SIGTERM. @default 30_000 */
  grace?: number;
  /** Files that a worker finds beside its image's, by name. @default `/tmp` alone */
  volumes?: Record<string, VolumeParams>;
  /** What a worker may do beyond the `restricted` Pod Security Standard: weakens it. */
  security?: SecurityParams;
  /** Name of an existing ServiceAccount. @default one of the workload's own, without permissions */
  serviceAccount?: string;
  /** Whether a worker gets its account's token, and so may ask the API. @default false */
  automountToken?: boolean;
  /**
   * Primitives that its workers use (`worker.primitives()`), each by kind and name: `"mutex/orders"`. They get a
   * token, and may do with these what their use needs, as far as a Role can say it; `docs/security.md` tells how
   * far that is. @default none
   */
  primitives?: PrimitiveRef[];
  /**
   * Changes the object that was made of the parameters, for what they cannot say: in place, or by
   * returning another. Name, kind, labels of troupe's and selector must stay. The same parameters
   * must be changed in the same way each time, or each `run` rolls out.
   */
  patch?: (object: Head) => Head | void;
  /**
   * What its workers can be asked, by the handle that `run` returns. Workers get the coordinator's key, and
   * a port if none is given: 8080. @default nothing but HTTP
   */
  contract?: Contract<S>;
  /** What is done about workers that fail. @default Kubernetes' own: they are started again */
  supervision?: SupervisionParams;
  /** What is done if somebody else changed the objects. @default "repair" */
  drift?: "repair" | "report";
}

/** Parameters that were checked and have their defaults. */
export type CheckedRunParams = RunParams & {
  namespace: string;
  /** 1 for what has no number of workers. */
  replicas: number;
  supervision?: CheckedSupervision;
  workers?: CheckedWorkers;
  /** Where workers with a contract hear messages by TLS; if there is none they do so at `port`. */
  tlsPort?: number;
};

/** Where workers with a contract listen if they are not told: a worker's own default. */
const MESSAGES_PORT = 8080;

const PURPOSE = "Cannot run workload";

/**
 * Checks the parameters of `run`.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkRunParams(params: RunParams, defaultNamespace: string): CheckedRunParams {
  const checked: RunParams = checkOptions(schema, params, { purpose: PURPOSE });
  const complaints = [...kindComplaints(checked), ...fieldComplaints(checked)];
  if (complaints.length > 0) throw new TypeError(`${PURPOSE}: ${complaints.join("; ")}`);
  return {
    ...checked,
    ...(checked.contract && { port: checked.port ?? MESSAGES_PORT }),
    namespace: checked.namespace ?? defaultNamespace,
    replicas: checked.replicas ?? checked.workers?.min ?? 1,
  } as CheckedRunParams; // the schema has filled in supervision and workers
}

/**
 * Checks a number of replicas.
 *
 * @throws {TypeError} saying what was given and what is allowed
 */
export function checkReplicas(replicas: number): number {
  return checkOptions(replicasSchema, { replicas }, { purpose: "Cannot scale workload" }).replicas;
}
