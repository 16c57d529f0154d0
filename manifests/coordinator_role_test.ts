import { deepStrictEqual } from "node:assert/strict";
import { coordinatorRules } from "./coordinator_role.ts";

Deno.test("coordinatorRules() with timers and records grant ConfigMaps by name where that is possible", () => {
  const configMaps = (options: Parameters<typeof coordinatorRules>[0]) =>
    coordinatorRules(options).filter(({ resources }) => resources!.includes("configmaps"));
  deepStrictEqual(configMaps({}), []);
  const common = { apiGroups: [""], resources: ["configmaps"] };
  deepStrictEqual(configMaps({ timers: true, records: ["batch-a"], name: "boss" }), [
    { ...common, verbs: ["create"] },
    { ...common, verbs: ["get", "patch"], resourceNames: ["troupe-boss-timers"] },
    { ...common, verbs: ["delete", "get", "patch"], resourceNames: ["troupe-boss-batch-a"] },
  ]);
  deepStrictEqual(configMaps({ timers: true }), [
    { ...common, verbs: ["create"] },
    { ...common, verbs: ["get", "patch"] },
  ]);
});
