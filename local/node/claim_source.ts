/** Where the directories of claimed volumes are. */
import { CoreV1Api, type PersistentVolume } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { isNotFound } from "../../kube/mod.ts";
import { BlockedError } from "./blocked_error.ts";

/** What a container's status says while it waits for a volume. */
const REASON = "ContainerCreating";

/** Finds the directory of a claimed volume. */
export interface ClaimSource {
  /** Rejects with `BlockedError` while there is none. */
  directory(claim: { readonly namespace: string; readonly name: string }): Promise<string>;
}

/** Asks the API at each call: a claim may be bound at any time. */
export function apiClaimSource(client: RestClient): ClaimSource {
  return {
    async directory({ namespace, name }) {
      const api = new CoreV1Api(client);
      const claim = await found(
        api.namespace(namespace).getPersistentVolumeClaim(name),
        `persistentvolumeclaim "${name}" not found`,
      );
      const { volumeName } = claim.spec ?? {};
      if (!volumeName || claim.status?.phase !== "Bound") {
        throw new BlockedError(REASON, `persistentvolumeclaim "${name}" is not bound`);
      }
      const volume = await found(
        api.getPersistentVolume(volumeName),
        `persistentvolume "${volumeName}" not found`,
      );
      if (volume.spec?.claimRef?.uid !== claim.metadata?.uid) {
        throw new BlockedError(
          REASON,
          `persistentvolume "${volumeName}" is bound to another claim`,
        );
      }
      return directoryOf(volume);
    },
  };
}

function directoryOf({ metadata, spec }: PersistentVolume): string {
  const path = spec?.hostPath?.path ?? spec?.local?.path;
  if (path) return path;
  const message = `persistentvolume "${metadata?.name}" is no directory of this machine: ` +
    `only "hostPath" and "local" can be used`;
  throw new BlockedError("CreateContainerConfigError", message);
}

async function found<T>(answer: Promise<T>, message: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) throw new BlockedError(REASON, message);
    throw error;
  }
}
