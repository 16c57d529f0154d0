import { deepStrictEqual } from "node:assert/strict";
import { PRIMITIVE_KINDS, primitiveRules } from "./mod.ts";

/** The rules as texts. */
function told(...primitives: Parameters<typeof primitiveRules>[0]): string[] {
  return primitiveRules(primitives).map(({ resources, verbs, resourceNames }) =>
    `${resources}: ${verbs}${resourceNames ? ` of ${resourceNames}` : ""}`
  );
}

Deno.test("primitiveRules() grant records by name, and creating them", () => {
  deepStrictEqual(told("counter/visits", "latch/loaded", "counter/visits"), [
    "configmaps: create",
    "configmaps: get,list,update,watch of troupe-counter-visits,troupe-latch-loaded",
  ]);
});

Deno.test("primitiveRules() grant all Leases to who lives by one of a random name", () => {
  deepStrictEqual(told("mutex/orders", "election/biller"), [
    "configmaps: create",
    "configmaps: get,list,update,watch of troupe-mutex-orders",
    "leases: create",
    "leases: delete,get,list,update,watch",
  ]);
});

Deno.test("primitiveRules() grant an election its Lease alone", () => {
  deepStrictEqual(told("election/biller"), [
    "leases: create",
    "leases: get,list,update,watch of troupe-election-biller",
  ]);
});

Deno.test("primitiveRules() grant something for each kind, and nothing for none", () => {
  deepStrictEqual(told(), []);
  for (const kind of PRIMITIVE_KINDS) deepStrictEqual(told(`${kind}/a`).length > 0, true, kind);
});
