import type { ReflectorHealth } from "../../kube/mod.ts";

/** A reflector, as health and metrics see it. */
export interface WatchHealth {
  /** What is watched, in the plural: `pods`. */
  readonly resource: string;
  /** Where; absent for what has no namespace. */
  readonly namespace?: string;
  /** How it stands. */
  readonly health: ReflectorHealth;
}
