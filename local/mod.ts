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
 * A cluster lives as long as `close` is not called: a program that shall end in order on Ctrl-C
 * listens to the signal itself, and closes it. If the program is killed, no process of a pod
 * survives it, but a temporary directory stays.
 *
 * ```ts ignore
 * const stop = Promise.withResolvers<void>();
 * Deno.addSignalListener("SIGINT", () => stop.resolve());
 * await using cluster = await LocalCluster.start({ images });
 * await stop.promise;
 * ```
 *
 * What it needs of Deno: `-A`, or `--allow-net --allow-read --allow-write --allow-run
 * --allow-env=PATH --allow-sys=osRelease,systemMemoryInfo`. Reading and writing may be limited to
 * the option `dir`; simulated pods need no `--allow-run`. What is missing is told at the start by
 * name. Without `-A` Deno does not let a program read /proc, and the tools `cat` and `grep` are
 * asked instead. {@linkcode denoImage} reads further environment variables and the path of Deno.
 *
 * A process has no mounts: a container finds the directory of a volume by the environment variable
 * `TROUPE_VOLUME_<NAME>`, the name in upper case with `_` for what is no letter or digit
 * (`TROUPE_VOLUME_DATA` for `data`), also in `command` and `args` as `$(TROUPE_VOLUME_DATA)`. A
 * PersistentVolumeClaim gets a directory below the cluster's own by the default storage class
 * `local`; it stays when its pod goes, and is removed with the claim. Sizes are not limited.
 *
 * What a pod is: processes of the user who runs the cluster, with that user's rights. Images are
 * commands, there is no isolation, and requests and limits only matter to the scheduler. Anyone on
 * this machine can reach the API server on its loopback port. A container's log takes at most 20 MiB
 * (a full file of 10 MiB beside the one being written), and the last two attempts' are kept.
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
