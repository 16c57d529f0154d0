/** Where containers' configuration comes from: ConfigMaps and Secrets, as bytes by key. */
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isNotFound } from "../../kube/mod.ts";
import { BlockedError } from "./blocked_error.ts";

/** Keys and contents of a ConfigMap or Secret. */
export type ConfigData = ReadonlyMap<string, Uint8Array>;

/** Reads ConfigMaps and Secrets. */
export interface ConfigSource {
  /** Undefined when there is no such object. */
  read(ref: ConfigRef): Promise<ConfigData | undefined>;
}

/** Names a ConfigMap or Secret. */
export interface ConfigRef {
  readonly kind: "ConfigMap" | "Secret";
  readonly namespace: string;
  readonly name: string;
}

/** Reads from the API at each call: what a container gets is what was there when it started. */
export function apiConfigSource(client: RestClient): ConfigSource {
  const encoder = new TextEncoder();
  return {
    async read({ kind, namespace, name }) {
      const api = new CoreV1Api(client).namespace(namespace);
      const data = new Map<string, Uint8Array>();
      const add = (map: Record<string, string> | null | undefined, base64: boolean) => {
        for (const [key, value] of Object.entries(map ?? {})) {
          data.set(key, base64 ? decodeBase64(value) : encoder.encode(value));
        }
      };
      try {
        if (kind === "Secret") add((await api.getSecret(name)).data, true);
        else {
          const { data: texts, binaryData } = await api.getConfigMap(name);
          add(texts, false);
          add(binaryData, true);
        }
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
      return data;
    },
  };
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Reads one object; a missing one blocks the container unless it is optional. */
export async function readConfig(
  source: ConfigSource,
  ref: ConfigRef,
  options: { optional?: boolean | null } = {},
): Promise<ConfigData> {
  const data = await source.read(ref);
  if (data !== undefined) return data;
  if (options.optional) return new Map();
  throw new BlockedError(
    "CreateContainerConfigError",
    `${ref.kind.toLowerCase()} "${ref.name}" not found`,
  );
}
