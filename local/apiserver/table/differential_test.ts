/**
 * Tables beside those of a real API server, given `TROUPE_TEST_KUBECONFIG=<its kubeconfig>`. The
 * real server is asked for its own table together with the objects in it, which ours is made of.
 */

import { deepStrictEqual } from "node:assert/strict";
import { KUBECONFIG_VARIABLE, RealServer } from "../patch/testdata/real_server.ts";
import type { GroupVersionKind, JsonObject } from "../schema/mod.ts";
import { SPARSE_OBJECTS } from "../schema/testdata/sparse_objects.ts";
import { toTable } from "./mod.ts";
import { STATUSES } from "./testdata/statuses.ts";

const KUBECONFIG = Deno.env.get(KUBECONFIG_VARIABLE);
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

Deno.test({
  name: "toTable() makes the tables of a real API server",
  ignore: !KUBECONFIG,
  fn: async (t) => {
    using server = new RealServer(KUBECONFIG!);
    for (const { gvk, path, object } of SPARSE_OBJECTS) {
      await t.step(gvk.kind, async () => {
        const item = `${path}/${object.metadata.name}`;
        const { code, body } = await server.request("POST", path, { body: object });
        deepStrictEqual(code, 201, body.message);
        try {
          await compareTable(server, gvk, item);
          for (const status of STATUSES[gvk.kind] ?? []) {
            const written = await server.request("PATCH", `${item}/status`, {
              // a list that is not named starts anew
              body: { status: { ...emptied(STATUSES[gvk.kind]!), ...status } },
              type: "application/merge-patch+json",
            });
            deepStrictEqual(written.code, 200, written.body.message);
            await compareTable(server, gvk, item);
          }
        } finally {
          await server.request("DELETE", `${item}?gracePeriodSeconds=0`);
        }
      });
    }
    for (const [gvk, path] of PRESENT) {
      await t.step(`${gvk.kind}s that are there`, () => compareTable(server, gvk, path));
    }
  },
});

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1" };
const CORE = { group: "", version: "v1" };

/** Kinds of which each cluster has some. */
const PRESENT: [GroupVersionKind, string][] = [
  [{ ...CORE, kind: "Namespace" }, "/api/v1/namespaces"],
  [{ ...CORE, kind: "Node" }, "/api/v1/nodes"],
  [{ ...CORE, kind: "Service" }, "/api/v1/services"],
  [{ ...CORE, kind: "Secret" }, "/api/v1/secrets"],
  [{ ...CORE, kind: "ConfigMap" }, "/api/v1/configmaps"],
  [{ ...CORE, kind: "Event" }, "/api/v1/events"],
  [{ ...RBAC, kind: "Role" }, "/apis/rbac.authorization.k8s.io/v1/roles"],
  [{ ...RBAC, kind: "ClusterRole" }, "/apis/rbac.authorization.k8s.io/v1/clusterroles"],
  [{ ...RBAC, kind: "RoleBinding" }, "/apis/rbac.authorization.k8s.io/v1/rolebindings"],
  [
    { ...RBAC, kind: "ClusterRoleBinding" },
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  ],
];

function emptied(statuses: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(statuses.flatMap(Object.keys).map((key) => [key, null]));
}

async function compareTable(
  server: RealServer,
  gvk: GroupVersionKind,
  path: string,
): Promise<void> {
  const before = new Date();
  const { body: real } = await server.request("GET", `${path}?includeObject=Object`, {
    accept: TABLE,
  });
  const after = new Date();
  const objects = (real.rows ?? []).map((row: JsonObject) => row.object);
  const expected = comparable(gvk, real);
  // an age may grow by a second while the real server makes it
  const [early, late] = [before, after].map((now) =>
    comparable(gvk, toTable(gvk, objects, { now, includeObject: "Object" }))
  );
  for (const [i, row] of expected.rows.entries()) {
    // 1.20 counts one more than the series says
    const count = expected.columns.findIndex((c: JsonObject) => c.name === "Count");
    if (objects[i].series) row.cells[count]--;
    row.cells = row.cells.map((cell: unknown, j: number) =>
      cell === late!.rows[i]?.cells[j] ? early!.rows[i]?.cells[j] : cell
    );
  }
  deepStrictEqual(early, expected);
}

/** Without descriptions, and with what is the same in 1.20 and now. */
function comparable(gvk: GroupVersionKind, table: JsonObject): JsonObject {
  const columns: JsonObject[] = table.columnDefinitions;
  const restarts = gvk.kind === "Pod" ? columns.findIndex((c) => c.name === "Restarts") : -1;
  return {
    columns: columns.map(({ description: _, ...column }) =>
      column.name === "Restarts" ? { ...column, type: "string" } : column
    ),
    rows: (table.rows ?? []).map(({ cells, conditions }: JsonObject) => ({
      // since 1.22 restarts also tell when the last one was
      cells: cells.map((cell: unknown, i: number) =>
        i === restarts ? parseInt(String(cell)) : cell
      ),
      ...conditions && { conditions },
    })),
  };
}
