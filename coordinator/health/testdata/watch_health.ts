import type { WatchHealth } from "../watch_health.ts";

/** A reflector of pods that is well but for what is given. */
export function watchHealth(
  health: Partial<WatchHealth["health"]> = {},
  where: Partial<Omit<WatchHealth, "health">> = {},
): WatchHealth {
  return {
    resource: "pods",
    namespace: "team",
    ...where,
    health: {
      state: "synced",
      synced: true,
      lastHeardMs: 10,
      lastActiveMs: 10,
      reconnects: 0,
      relists: 0,
      malformed: 0,
      ...health,
    },
  };
}
