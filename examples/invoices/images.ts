import { denoImage, type ImageSpec } from "@troupe/troupe/local";

/** What a worker needs that uses primitives: to read its token, beside the network and variables. */
const permissions = ["--allow-net", "--allow-env", "--allow-read"];

/** The images of a cluster on this machine: commands. A real cluster gets built ones. */
export const images: Record<string, ImageSpec> = {
  "invoicer:1": denoImage(new URL("worker.ts", import.meta.url), { permissions }),
};
