import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ApiServer } from "../../../local/apiserver/mod.ts";
import { NotLeadingError, type RolloutProgress } from "../../mod.ts";
import { Sandbox } from "../../testdata/sandbox.ts";

const W = { name: "w", image: "w:1", envs: { A: "1" }, port: 80 } as const;

Deno.test("Workload.update() changes what is given, keeps the rest, and resolves when rolled out", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const workload = await coordinator.run(W);
  await workload.scale(2);
  const steps: RolloutProgress[] = [];
  const seen = Promise.withResolvers<void>();
  const updated = workload.update({ image: "w:2", port: undefined }, {
    onProgress: (step) => {
      steps.push(step);
      seen.resolve();
    },
  });
  await seen.promise;
  const { spec } = await sandbox.apps.getDeployment("w");
  const { image, env, ports } = spec!.template.spec!.containers[0]!;
  deepStrictEqual(
    [spec!.replicas, image, env!.find(({ name }) => name === "A")?.value, ports ?? []],
    [2, "w:2", "1", []],
  );
  await sandbox.completeDeployment("w");
  await updated;
  deepStrictEqual(
    [steps[0]!.updated, steps.at(-1)!.updated, steps.at(-1)!.wanted],
    [0, 2, 2],
  );
  await workload.stop();
  await rejects(workload.update({ image: "w:3" }, { timeout: 50 }), {
    name: "TimeoutError",
    message: /^Cannot wait longer for "w": not rolled out after 0\.05 s, /,
  });
});

Deno.test("Workload.update() refuses what it cannot do, and sends nothing", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  {
    await using coordinator = await sandbox.coordinator();
    const workload = await coordinator.run(W);
    await rejects(workload.update({ name: "other" }), {
      name: "TypeError",
      message:
        'Cannot update "w": "name" given "other", allowed is "w", as it tells which workload it is',
    });
    await rejects(workload.update({ port: 0 }), /"port" given 0/);
  }
  await using later = await sandbox.coordinator();
  await later.run({ name: "other", image: "w:1" });
  await rejects(later.workload("w").update({ image: "w:2" }), {
    message: 'Cannot update "w": this process has not run it, and so does not know its ' +
      "parameters; call run() with all of them",
  });
  strictEqual(
    (await sandbox.apps.getDeployment("w")).spec!.template.spec!.containers[0]!.image,
    "w:1",
  );
});

Deno.test("Workload.update() and all that changes something are refused when nobody leads here", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using leader = await sandbox.coordinator({ election: true });
  await (await leader.run(W)).pods();
  await using follower = await sandbox.coordinator({ election: true });
  const workload = await follower.run(W);
  const changes = [
    () => workload.update({ image: "w:2" }),
    () => workload.scale(2),
    () => workload.stop(),
    () => workload.start(),
    () => workload.pause(),
    () => workload.resume(),
    () => workload.restart(),
    () => workload.undo(),
    () => workload.delete(),
  ];
  for (const change of changes) await rejects(change(), NotLeadingError);
  strictEqual((await workload.status()).state?.name, "w");
});
