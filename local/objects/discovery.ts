/**
 * Which kinds an API server serves.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { KindName } from "./kinds.ts";
import type { CallOptions } from "./writes.ts";

/** A kind that is served, and what can be done with it. */
export interface ServedKind extends KindName {
  /** As in RBAC rules: get, list, watch, create, delete, deletecollection, … */
  readonly verbs: ReadonlySet<string>;
}

interface GroupList {
  readonly groups?: readonly {
    readonly versions: readonly { readonly groupVersion: string }[];
    readonly preferredVersion?: { readonly groupVersion: string };
  }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** Asks the server for the kinds of all groups, each in the version that it prefers. */
export async function discoverKinds(
  rest: RestClient,
  { signal: abortSignal }: CallOptions = {},
): Promise<ServedKind[]> {
  async function read<T>(path: string): Promise<T> {
    const answer = await rest.performRequest({
      method: "GET",
      path,
      abortSignal,
      expectJson: true,
    });
    return answer as unknown as T;
  }

  const { groups = [] } = await read<GroupList>("/apis");
  const versions = groups.flatMap(({ preferredVersion, versions }) =>
    preferredVersion?.groupVersion ?? versions[0]?.groupVersion ?? []
  );
  const core = read<ResourceList>("/api/v1").then((list) => kindsOf("v1", list));
  const others = versions.map(async (version) => {
    try {
      return kindsOf(version, await read<ResourceList>(`/apis/${version}`));
    } catch {
      // an extension server that is down must not hide the kinds of all others
      abortSignal?.throwIfAborted();
      return [];
    }
  });
  return (await Promise.all([core, ...others])).flat();
}

function kindsOf(apiVersion: string, { resources }: ResourceList): ServedKind[] {
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, kind, namespaced, verbs }) => ({
      apiVersion,
      kind,
      plural: name,
      namespaced,
      verbs: new Set(verbs),
    }));
}
