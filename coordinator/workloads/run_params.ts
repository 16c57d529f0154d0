import { z } from "zod";
import { checkOptions, DNS_NAME, dnsLabel, namespaceName, portNumber } from "../../runtime/mod.ts";
import { LABELS } from "../labels.ts";

/**
 * Longest name of a workload: a pod's name adds `-<10 of the template>-<5 of the pod>` to it and
 * must fit into the 63 characters of a host name.
 */
export const MAX_WORKLOAD_NAME = 63 - 11 - 6;

/** Names of labels and annotations that troupe alone writes. */
const RESERVED_KEYS: readonly string[] = Object.values(LABELS);
const RESERVED_PREFIX = "troupe.dev/";
const RESERVED_ENV_PREFIX = "TROUPE_";

/** Environment variables that every worker gets from its coordinator, beside `TROUPE_…`. */
const RESERVED_ENVS: readonly string[] = [
  "POD_NAME",
  "POD_NAMESPACE",
  "POD_IP",
  "POD_UID",
  "NODE_NAME",
  "HOST_IP",
];

const NAME_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function isQualifiedName(key: string): boolean {
  const parts = key.split("/");
  const name = parts.pop()!;
  if (parts.length > 1 || !NAME_PART.test(name)) return false;
  return parts.length === 0 || (parts[0]!.length <= 253 && DNS_NAME.test(parts[0]!));
}

/** A map of texts whose keys and values are checked; `secret` values stay out of messages. */
function textMap(allowed: string, options: {
  isKey: (key: string) => boolean;
  isValue?: (value: string) => boolean;
  secret?: boolean;
}): z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodString>> {
  const { isKey, isValue = () => true, secret = false } = options;
  return z.record(z.string(), z.string()).superRefine((map, context) => {
    for (const [key, value] of Object.entries(map)) {
      if (isKey(key) && isValue(value)) continue;
      const params = { given: secret ? key : value };
      context.addIssue({ code: "custom", path: [key], message: allowed, input: value, params });
    }
  }).describe(allowed).optional();
}

function isFree(key: string): boolean {
  return isQualifiedName(key) && !key.startsWith(RESERVED_PREFIX) && !RESERVED_KEYS.includes(key);
}

function isFreeEnv(name: string): boolean {
  return /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(name) && name !== "." && !name.startsWith("..") &&
    !name.startsWith(RESERVED_ENV_PREFIX) && !RESERVED_ENVS.includes(name);
}

const FREE_KEYS = `no name being ${
  RESERVED_KEYS.slice(0, 2).join(", ")
} or under ${RESERVED_PREFIX}`;

const texts = z.array(z.string()).optional().describe("a list of strings");

const schema = z.strictObject({
  name: dnsLabel(MAX_WORKLOAD_NAME),
  namespace: namespaceName.optional(),
  image: z.string().regex(/^[^\s]+$/).describe("an image reference, not empty, without blanks"),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional()
    .describe('"Always", "IfNotPresent" or "Never"'),
  port: portNumber.optional(),
  envs: textMap(
    `an object of strings; a name consists of letters, digits, "-", "_" and ".", does not begin ` +
      `with a digit or "..", is not ".", and is none of ${RESERVED_ENVS.join(", ")} and ` +
      `${RESERVED_ENV_PREFIX}…`,
    { isKey: isFreeEnv, secret: true },
  ),
  labels: textMap(
    `an object of label values (at most 63 letters, digits, "-", "_", "."), ${FREE_KEYS}`,
    { isKey: isFree, isValue: (value) => value === "" || NAME_PART.test(value) },
  ),
  annotations: textMap(`an object of strings, ${FREE_KEYS}`, { isKey: isFree }),
  replicas: z.int().min(0).max(2 ** 31 - 1).default(1).describe("an integer, 0 or more"),
  command: texts,
  args: texts,
});

/** What a workload is: the parameters of `Coordinator.run`. */
export interface RunParams {
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
  /** Port that the worker listens at. With one, a worker counts as running once it listens. */
  port?: number;
  /** Environment variables. */
  envs?: Record<string, string>;
  /** Labels of the deployment and its pods, beside troupe's own. */
  labels?: Record<string, string>;
  /** Annotations of the deployment and its pods. */
  annotations?: Record<string, string>;
  /**
   * How many workers.
   * @default 1
   */
  replicas?: number;
  /** Command in place of the image's entry point. */
  command?: string[];
  /** Arguments in place of the image's. */
  args?: string[];
}

/** Parameters that were checked and have their defaults. */
export type CheckedRunParams = RunParams & { namespace: string; replicas: number };

/**
 * Checks the parameters of `run`.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkRunParams(params: RunParams, defaultNamespace: string): CheckedRunParams {
  const checked = checkOptions(schema, params, { purpose: "Cannot run workload" });
  return { ...checked, namespace: checked.namespace ?? defaultNamespace };
}

/**
 * Checks a number of replicas.
 *
 * @throws {TypeError} saying what was given and what is allowed
 */
export function checkReplicas(replicas: number): number {
  const only = schema.pick({ replicas: true });
  return checkOptions(only, { replicas }, { purpose: "Cannot scale workload" }).replicas;
}
