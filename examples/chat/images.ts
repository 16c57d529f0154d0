import { denoImage, type ImageSpec } from "@troupe/troupe/local";

/** The images of a cluster on this machine: commands. A real cluster gets built ones. */
export const images: Record<string, ImageSpec> = {
  "chatter:1": denoImage(new URL("worker.ts", import.meta.url)),
};
