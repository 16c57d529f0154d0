/**
 * Kubernetes objects as pure functions of options: what `kubectl apply -k manifests` applies, and
 * the shape of every pod that troupe makes.
 *
 * @module
 */
export { coordinatorRules, type CoordinatorRulesOptions } from "./coordinator_role.ts";
export { manifestFiles } from "./files.ts";
export { type GreeterManifests, greeterManifests, type GreeterOptions } from "./greeter.ts";
export {
  PRIMITIVE_KINDS,
  type PrimitiveKind,
  type PrimitiveRef,
  primitiveRules,
} from "./primitive_rules.ts";
export { restrictedPod, type RestrictedPodOptions } from "./restricted_pod.ts";
