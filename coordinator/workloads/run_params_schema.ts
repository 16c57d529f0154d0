import { z } from "zod";
import { dnsLabel, dnsName, namespaceName, portNumber } from "../../runtime/mod.ts";
import { type Contract, isContract } from "../../messaging/mod.ts";
import type { RunParams } from "./run_params.ts";
import { storage, volumes } from "./definition/params/disks.ts";
import { envs } from "./definition/params/env.ts";
import { jobShape } from "./definition/params/job.ts";
import { ownAnnotations, ownLabels } from "./definition/params/names.ts";
import { everyNode, placementShape } from "./definition/params/placement.ts";
import { ports } from "./definition/params/ports.ts";
import { primitives } from "./definition/params/primitives.ts";
import { probes } from "./definition/params/probes.ts";
import { resources } from "./definition/params/resources.ts";
import { rolloutShape } from "./definition/params/rollout.ts";
import { scheduleShape } from "./definition/params/schedule.ts";
import { count, duration, flag } from "./definition/params/schemas.ts";
import { security } from "./definition/params/security.ts";
import { supervision } from "./definition/params/supervision.ts";
import { workers } from "./definition/params/workers.ts";

/**
 * Longest name of a workload: a pod's name adds to it `-<10 of the template>-<5 of the pod>`, or
 * for a schedule `-<10 of the job>-<5 of the pod>`, and must fit into the 63 characters of a host
 * name. Numbered pods (`-<number>`) are shorter.
 */
export const MAX_WORKLOAD_NAME = 63 - 11 - 6;

const texts = z.array(z.string()).optional().describe("a list of strings");

type Patch = Exclude<RunParams["patch"], undefined>;

/** The parameters of `run`, each by itself. */
export const schema = z.strictObject({
  name: dnsLabel(MAX_WORKLOAD_NAME),
  namespace: namespaceName.optional(),
  image: z.string().regex(/^[^\s]+$/).describe("an image reference, not empty, without blanks"),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional()
    .describe('"Always", "IfNotPresent" or "Never"'),
  imagePullSecrets: z.array(dnsName).optional(),
  port: portNumber.optional(),
  ports: ports.optional(),
  envs: envs.optional(),
  labels: ownLabels.optional(),
  annotations: ownAnnotations.optional(),
  replicas: count().optional(),
  workers: workers.optional(),
  command: texts,
  args: texts,
  storage: storage.optional(),
  identity: flag.optional(),
  everyNode: everyNode.optional(),
  ...placementShape,
  ...jobShape,
  ...scheduleShape,
  ...rolloutShape,
  resources: resources.optional(),
  probes: probes.optional(),
  grace: duration().optional(),
  volumes: volumes.optional(),
  security: security.optional(),
  serviceAccount: dnsName.optional(),
  automountToken: flag.optional(),
  primitives: primitives.optional(),
  patch: z.custom<Patch>((value) => typeof value === "function", "a function").optional(),
  contract: z.custom<Contract>(isContract, "a contract, as `contract()` makes it").optional(),
  supervision: supervision.optional(),
  drift: z.enum(["repair", "report"]).describe('"repair" or "report"').optional(),
});

/** A number of replicas. */
export const replicasSchema: z.ZodObject<{ replicas: z.ZodInt }> = z.strictObject({
  replicas: count(),
});
