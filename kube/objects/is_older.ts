import type { KubeObject } from "../watch/mod.ts";

/**
 * Whether a state of an object is older than another state of the same object. Versions are
 * revisions of the store, which count up: so it has always been with etcd, and since 1.35 Kubernetes
 * says so.
 */
export function isOlder(a: KubeObject, b: KubeObject): boolean {
  return revision(a) < revision(b);
}

function revision({ metadata }: KubeObject): bigint {
  const version = metadata?.resourceVersion ?? "";
  if (!/^\d+$/.test(version)) {
    throw new TypeError(`Cannot compare versions of "${metadata?.name}": given "${version}"`);
  }
  return BigInt(version);
}
