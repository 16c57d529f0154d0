import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../local/apiserver/mod.ts";
import { Sandbox } from "./testdata/sandbox.ts";

Deno.test("Coordinator.primitives() are the same for all, in its namespace, and over when it stops", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const coordinator = await sandbox.coordinator();
  const [a, b] = await Promise.all([coordinator.primitives(), coordinator.primitives()]);
  strictEqual(a, b);
  strictEqual(a.namespace, "team");
  await coordinator.stop();
  deepStrictEqual(sandbox.requests, []);
  await rejects(coordinator.primitives(), {
    message: 'Cannot use primitives: coordinator "boss" is stopped',
  });
});

Deno.test("Coordinator.primitives() rejects when the option primitives is wrong", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator({ primitives: { leaseDuration: 500 } });
  await rejects(coordinator.primitives(), {
    name: "TypeError",
    message: /^Cannot create primitives: "leaseDuration" given 500, allowed is milliseconds/,
  });
  await rejects(sandbox.coordinator({ primitives: { leaseDurations: 500 } as never }), {
    name: "TypeError",
    message: /^Cannot create coordinator: "primitives.leaseDurations" is no known field/,
  });
});
