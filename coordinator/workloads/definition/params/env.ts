import { z } from "zod";
import { dnsName } from "../../../../runtime/mod.ts";
import { dataKey } from "./schemas.ts";

/** An environment variable's value that is kept in a Secret. */
export interface SecretValue {
  /** Name of the Secret, in the workload's namespace. */
  secret: string;
  /** The key in it. */
  key: string;
  /** Whether the worker starts, without the variable, if there is no such Secret or key. @default false */
  optional?: boolean;
}

/** An environment variable's value that is kept in a ConfigMap. */
export interface ConfigMapValue {
  /** Name of the ConfigMap, in the workload's namespace. */
  configMap: string;
  /** The key in it. */
  key: string;
  /** Whether the worker starts, without the variable, if there is no such ConfigMap or key. @default false */
  optional?: boolean;
}

/**
 * The value of an environment variable. In a text `$(NAME)` stands for the value of an earlier
 * variable, and `$$` for a dollar, as in Kubernetes.
 */
export type EnvValue = string | SecretValue | ConfigMapValue;

const RESERVED_ENV_PREFIX = "TROUPE_";

/** Environment variables that every worker gets from its coordinator, beside `TROUPE_…`. */
const RESERVED_ENVS: readonly string[] = [
  "POD_NAME",
  "POD_NAMESPACE",
  "POD_IP",
  "POD_UID",
  "NODE_NAME",
  "HOST_IP",
  "JOB_COMPLETION_INDEX",
];

const NAMES = `a name consists of letters, digits, "-", "_" and ".", does not begin with a digit ` +
  `or "..", is not ".", and is none of ${RESERVED_ENVS.join(", ")} and ${RESERVED_ENV_PREFIX}…`;
const VALUE = "a string, { secret, key, optional? } or { configMap, key, optional? }";

const optional = z.boolean().optional();
const value = z.union([
  z.string(),
  z.strictObject({ secret: dnsName, key: dataKey, optional }),
  z.strictObject({ configMap: dnsName, key: dataKey, optional }),
]);

function isFreeEnv(name: string): boolean {
  return /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(name) && name !== "." && !name.startsWith("..") &&
    !name.startsWith(RESERVED_ENV_PREFIX) && !RESERVED_ENVS.includes(name);
}

/** A schema for environment variables. Values may be secret, so that messages tell only types. */
export const envs: z.ZodType<Record<string, EnvValue>> = z.custom<Record<string, EnvValue>>()
  .superRefine((map, context) => {
    if (typeof map !== "object" || map === null || Array.isArray(map)) {
      const message = `an object of environment variables; ${NAMES}`;
      return context.addIssue({ code: "custom", message, params: { hidden: true } });
    }
    for (const [name, given] of Object.entries(map)) {
      if (!isFreeEnv(name)) {
        const params = { given: name };
        const message = `an object of environment variables; ${NAMES}`;
        context.addIssue({ code: "custom", path: [name], message, params });
      } else if (!value.safeParse(given).success) {
        const params = { hidden: true };
        context.addIssue({ code: "custom", path: [name], message: VALUE, params });
      }
    }
  }).transform((map) => structuredClone(map));
