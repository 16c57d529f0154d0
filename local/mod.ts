/**
 * A Kubernetes cluster on one machine, in one process, with nothing to install.
 *
 * ```ts ignore
 * import { LocalCluster } from "@troupe/troupe/local";
 *
 * await using cluster = await LocalCluster.start({ images: { "worker:latest": ["./worker"] } });
 * console.log(cluster.kubeconfig);
 * ```
 *
 * @module
 */
export { LocalCluster, type LocalClusterOptions } from "./cluster.ts";
export { denoImage, type DenoImageOptions } from "./deno_image.ts";
export {
  type ImageSpec,
  type NodeCapacity,
  type RestartBackoff,
  type Stage,
  STAGE_ANNOTATION,
  type StageDuration,
} from "./node/mod.ts";
