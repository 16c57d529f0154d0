/**
 * Kubernetes objects as pure functions of options: what `kubectl apply -k manifests` applies, and
 * the shape of every pod that troupe makes.
 *
 * @module
 */
export { restrictedPod, type RestrictedPodOptions } from "./restricted_pod.ts";
