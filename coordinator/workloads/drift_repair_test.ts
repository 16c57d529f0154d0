import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { ApiServer } from "../../local/apiserver/mod.ts";
import type { Coordinator } from "../coordinator.ts";
import type { CoordinatorEvent } from "../events/events.ts";
import { Heard } from "../testdata/heard.ts";
import { Sandbox } from "../testdata/sandbox.ts";
import { until } from "../testdata/until.ts";

const W = { name: "w", image: "w:1", port: 80 } as const;

/** Starts a coordinator; what it returns hears of drift. */
function start(coordinator: Coordinator): Heard<CoordinatorEvent> {
  const heard = new Heard<CoordinatorEvent>();
  coordinator.onCoordinatorEvent((e) => e.type === "drifted" ? heard.add(e) : undefined);
  void coordinator.start();
  return heard;
}

function told({ items }: Heard<CoordinatorEvent>): unknown[] {
  return items.map((e) => e.type === "drifted" ? [e.fields, e.repaired] : e.type);
}

async function image(sandbox: Sandbox): Promise<unknown> {
  const { spec } = await sandbox.apps.getDeployment("w");
  return spec!.template.spec!.containers[0]!.image;
}

/** Somebody changes the image. */
async function edit(sandbox: Sandbox, name = "w"): Promise<void> {
  const containers = [{ name: "worker", image: "evil:1" }];
  const patch = { spec: { template: { spec: { containers } } } } as Deployment;
  await sandbox.apps.patchDeployment(name, "strategic-merge", patch);
}

Deno.test("Workloads repair what somebody edits, and keep what was scaled", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  const workload = await coordinator.run(W);
  await workload.scale(3);
  await edit(sandbox);
  await heard.until(() => true);
  const { spec } = await sandbox.apps.getDeployment("w");
  deepStrictEqual([spec!.replicas, await image(sandbox)], [3, "w:1"]);
  deepStrictEqual(told(heard), [[["spec.template.spec.containers[worker].image"], true]]);
});

Deno.test("Workloads repair what somebody edits or deletes of a part", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  await coordinator.run({ ...W, identity: true });
  await sandbox.core.patchServiceAccount("w", "json-merge", { automountServiceAccountToken: true });
  await heard.until(() => true);
  strictEqual((await sandbox.core.getServiceAccount("w")).automountServiceAccountToken, false);
  deepStrictEqual(told(heard), [[["ServiceAccount.automountServiceAccountToken"], true]]);
  await sandbox.core.deleteService("w");
  await until(() => sandbox.core.getService("w").then(() => true, () => false));
});

Deno.test("Workloads repair what somebody edits of a Role or its binding, or deletes", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  await coordinator.run({ ...W, primitives: ["mutex/a"] });
  const { rules } = await sandbox.rbac.getRole("w");
  const more = [...rules!, { apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
  await sandbox.rbac.patchRole("w", "json-merge", { rules: more });
  await heard.until(() => true);
  deepStrictEqual((await sandbox.rbac.getRole("w")).rules, rules);
  // what a binding gives cannot be changed, so it is made anew
  const { roleRef, metadata } = await sandbox.rbac.getRoleBinding("w");
  await sandbox.rbac.deleteRoleBinding("w");
  await sandbox.rbac.createRoleBinding({
    metadata: { name: "w", labels: metadata!.labels },
    roleRef: { ...roleRef, name: "admin" },
    subjects: [],
  });
  await until(async () => {
    const binding = await sandbox.rbac.getRoleBinding("w").catch(() => undefined);
    return binding?.roleRef.name === "w" && binding.subjects?.length === 1;
  });
  await sandbox.rbac.deleteRole("w");
  await until(() => sandbox.rbac.getRole("w").then(() => true, () => false));
});

Deno.test("Coordinator.run() takes away from workers what they use no more", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await coordinator.run({ ...W, primitives: ["mutex/a", "counter/b"] });
  const names = async () => (await sandbox.rbac.getRole("w")).rules![1]!.resourceNames;
  deepStrictEqual(await names(), ["troupe-counter-b", "troupe-mutex-a"]);
  await coordinator.run({ ...W, primitives: ["mutex/a"] });
  deepStrictEqual(await names(), ["troupe-mutex-a"]);
  await coordinator.run(W);
  deepStrictEqual((await sandbox.rbac.getRoleList()).items, []);
  deepStrictEqual((await sandbox.rbac.getRoleBindingList()).items, []);
  // who has none is asked for none: it needs no permission for Roles
  sandbox.requests.length = 0;
  await using other = await sandbox.coordinator({ name: "other" });
  await other.run({ ...W, name: "x" });
  await coordinator.run({ ...W, image: "w:2" });
  deepStrictEqual(sandbox.requests.filter((line) => /roles/.test(line) && !/watch/.test(line)), []);
});

Deno.test("Workloads of the next leader keep Roles as they should be, and take away what it does not name", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  const before = await sandbox.coordinator({ election: true });
  await before.run({ ...W, primitives: ["mutex/a"] });
  await before.run({ ...W, name: "v", primitives: ["mutex/a"] });
  await using next = await sandbox.coordinator({ election: true });
  void next.start();
  const adopted = [
    next.run({ ...W, primitives: ["mutex/a"] }),
    next.run({ ...W, name: "v" }), // a newer program, which uses none
  ];
  await before.stop();
  await Promise.all(adopted);
  await until(() => sandbox.rbac.getRole("v").then(() => false, () => true));
  await sandbox.rbac.deleteRole("w");
  await until(() => sandbox.rbac.getRole("w").then(() => true, () => false));
  strictEqual((await sandbox.rbac.getRoleBinding("w")).roleRef.name, "w");
});

Deno.test("Coordinator.run() refuses to take over a Role of somebody else's, and leaves nothing", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await sandbox.rbac.createRole({ metadata: { name: "w" }, rules: [] });
  await rejects(coordinator.run({ ...W, primitives: ["mutex/a"] }), {
    message: /^Cannot run "w" in namespace "team": a Role of that name exists and is not of/,
  });
  deepStrictEqual((await sandbox.apps.getDeploymentList()).items, []);
  deepStrictEqual((await sandbox.rbac.getRole("w")).metadata!.ownerReferences, undefined);
});

Deno.test("Coordinator.run() of a changed definition changes its parts too", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  await coordinator.run({ ...W, identity: true });
  await coordinator.run({ ...W, identity: true, port: 90 });
  const { spec } = await sandbox.core.getService("w");
  deepStrictEqual(spec!.ports!.map(({ port }) => port), [90]);
});

Deno.test("Workloads do not fight with who changes it back each time", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  const since = performance.now();
  await coordinator.run(W);
  const changed = new Heard<unknown>();
  let edits = 0;
  coordinator.onDeploymentEvent(async ({ source }) => {
    changed.add(source);
    if (edits >= 50 || source.spec?.replicas !== 1) return;
    edits++;
    await sandbox.apps.patchDeployment("w", "json-merge", { spec: { replicas: 5 } } as never);
  });
  await heard.until(() => true); // repaired once
  await until(async () => (await sandbox.apps.getDeployment("w")).spec!.replicas === 5);
  sandbox.accepted.length = 0;
  // each of these is looked at, and would be repaired
  for (let i = 0; i < 10; i++) {
    await sandbox.apps.patchDeployment("w", "json-merge", { metadata: { labels: { i: `${i}` } } });
    const { resourceVersion } = (await sandbox.apps.getDeployment("w")).metadata!;
    ok(resourceVersion);
  }
  await until(() => changed.items.length > 2);
  const writes = sandbox.accepted;
  const seconds = (performance.now() - since) / 1000; // a slow machine gives time for a few
  ok(writes.length <= Math.log2(1 + seconds), `${writes.length} writes in ${seconds} s`);
});

Deno.test('Workloads with drift "report" tell each drift once, and repair nothing', async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  const workload = await coordinator.run({ ...W, drift: "report" });
  await workload.scale(2); // is no drift
  await edit(sandbox);
  await heard.until(() => true);
  const fields = ["spec.template.spec.containers[worker].image"];
  deepStrictEqual(told(heard), [[fields, false]]);
  strictEqual(await image(sandbox), "evil:1");
  await coordinator.stop();

  // nor when the program is started again
  await using again = await sandbox.coordinator();
  const heardAgain = start(again);
  sandbox.requests.length = 0;
  await again.run({ ...W, drift: "report" });
  await heardAgain.until(() => true);
  deepStrictEqual(told(heardAgain), [[fields, false]]);
  strictEqual(await image(sandbox), "evil:1");
  deepStrictEqual(sandbox.requests.filter((line) => !line.startsWith("GET")), []);
});

Deno.test("Coordinator.run() right after delete() is declared, and repaired from then on", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  const workload = await coordinator.run(W);
  const removed = workload.remove();
  const run = coordinator.run({ ...W, image: "w:2" });
  await removed;
  // the garbage collector's part
  await sandbox.apps.patchDeployment("w", "json-merge", { metadata: { finalizers: [] } });
  await run;
  await edit(sandbox);
  await heard.until(() => true);
  strictEqual(await image(sandbox), "w:2");
});

Deno.test("Workloads repair what was deleted before the answer to its apply has come", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const deleted = new Heard<string>();
  coordinator.onDeploymentEvent(({ type }) => type === "deleted" ? deleted.add(type) : undefined);
  const heard = start(coordinator);
  const held = sandbox.holdAnswer(/^PATCH .*deployments/);
  const run = coordinator.run(W);
  const release = await held;
  await sandbox.apps.deleteDeployment("w");
  await deleted.until(() => true);
  release();
  await run;
  await heard.until(() => true);
  strictEqual(await image(sandbox), "w:1");
  deepStrictEqual(told(heard), [[[], true]]);
});

Deno.test("Workloads repair one while the end of many others is awaited", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator({ budget: { perSecond: 1_000, burst: 100 } });
  const heard = start(coordinator);
  await coordinator.run(W);
  for (let i = 0; i < 10; i++) {
    const name = `other-${i}`;
    await coordinator.run({ ...W, name });
    await sandbox.apps.deleteDeployment(name, { propagationPolicy: "Foreground" });
    await edit(sandbox, name);
  }
  await edit(sandbox);
  await heard.until(() => true, { what: "a drift" });
  strictEqual(await image(sandbox), "w:1");
});

Deno.test("Workloads repair one while another, whose end is awaited, changes again", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const changed = new Heard<unknown>();
  coordinator.onDeploymentEvent(({ source }) => changed.add(source.spec?.replicas));
  const heard = start(coordinator);
  await coordinator.run(W);
  await coordinator.run({ ...W, name: "other" });
  await sandbox.apps.deleteDeployment("other", { propagationPolicy: "Foreground" });
  for (const replicas of [5, 6]) { // the first begins the repair, the second comes while it waits
    await sandbox.apps.patchDeployment("other", "json-merge", { spec: { replicas } } as Deployment);
    await changed.until((count) => count === replicas);
  }
  await edit(sandbox);
  await heard.until(() => true, { what: "a drift" });
  strictEqual(await image(sandbox), "w:1");
});

Deno.test("Workloads repair the number of workers though an operation comes before the repair", async () => {
  await using sandbox = await Sandbox.start(ApiServer);
  await using coordinator = await sandbox.coordinator();
  const heard = start(coordinator);
  const workload = await coordinator.run(W);
  const scaled = { spec: { replicas: 5 } } as Deployment;
  await sandbox.apps.patchDeployment("w", "json-merge", scaled);
  await heard.until(() => true);
  await sandbox.apps.patchDeployment("w", "json-merge", scaled); // whose repair has to wait
  await workload.restart();
  await heard.until(() => heard.items.length > 1);
  strictEqual((await sandbox.apps.getDeployment("w")).spec!.replicas, 1);
});
