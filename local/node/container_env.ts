/** The environment of a container, as its pod states it. */
import type { Container, EnvVar, Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { BlockedError } from "./blocked_error.ts";
import { type ConfigSource, readConfig } from "./config_source.ts";
import { fieldValue, type PodPlace, resourceValue } from "./downward.ts";
import { expand } from "./expansion.ts";

/** What the values are taken from. */
export interface EnvContext {
  readonly pod: Pod;
  readonly place: PodPlace;
  readonly source: ConfigSource;
  /** Variables that are there before; the pod's own override them and may refer to them. */
  readonly base: Readonly<Record<string, string>>;
}

/**
 * The base, then `envFrom`, then `env` in order; a value may refer to what stands before it.
 *
 * Rejects with `BlockedError` when a ConfigMap, Secret or key is missing that is not optional.
 */
export async function containerEnv(
  container: Container,
  context: EnvContext,
): Promise<Record<string, string>> {
  const env: Record<string, string> = { ...context.base };
  const decoder = new TextDecoder();
  const namespace = context.pod.metadata?.namespace ?? "default";
  for (const { prefix, configMapRef, secretRef } of container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef;
    if (!ref) continue;
    const kind = configMapRef ? "ConfigMap" : "Secret";
    const data = await readConfig(
      context.source,
      { kind, namespace, name: ref.name ?? "" },
      ref,
    );
    for (const [key, value] of data) env[`${prefix ?? ""}${key}`] = decoder.decode(value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(variable, { container, context, namespace })
      : expand(variable.value ?? "", env);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
}

async function valueFrom(
  variable: EnvVar,
  { container, context, namespace }: {
    container: Container;
    context: EnvContext;
    namespace: string;
  },
): Promise<string | undefined> {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom!;
  const { pod, place } = context;
  try {
    if (fieldRef) return fieldValue(fieldRef, pod, place);
    if (resourceFieldRef) {
      const name = resourceFieldRef.containerName;
      const all = [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? []];
      const of = name ? all.find((one) => one.name === name) : container;
      if (!of) throw new TypeError(`Cannot read a resource of container "${name}": there is none`);
      return resourceValue(resourceFieldRef, of, place);
    }
  } catch (error) {
    throw new BlockedError("CreateContainerConfigError", (error as Error).message);
  }
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) return undefined;
  const kind = configMapKeyRef ? "ConfigMap" : "Secret";
  const data = await readConfig(context.source, { kind, namespace, name: ref.name ?? "" }, ref);
  const value = data.get(ref.key);
  if (value !== undefined) return new TextDecoder().decode(value);
  if (ref.optional) return undefined;
  throw new BlockedError(
    "CreateContainerConfigError",
    `couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name}`,
  );
}
