// The Role against a real API server with RBAC: run with TROUPE_TEST_CLUSTER=1 and KUBECONFIG.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  type PolicyRule,
  RbacAuthorizationV1Api,
} from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { Coordinator } from "../coordinator/mod.ts";
import { TlsStore } from "../coordinator/messaging/tls_store.ts";
import {
  type ClusterConfig,
  loadClusterConfig,
  podExec,
  podLogs,
  podSocket,
  Transport,
} from "../kube/mod.ts";
import { Primitives } from "../primitives/mod.ts";
import { KeyStore } from "../coordinator/messaging/key_store.ts";
import { until } from "../tests/support/until.ts";
import { coordinatorRules, greeterManifests, primitiveRules } from "./mod.ts";

const ignore = Deno.env.get("TROUPE_TEST_CLUSTER") !== "1";
const TIMEOUT = 30_000;

/** A namespace of its own, in which the supervisor's account exists and has no Role yet. */
async function startSandbox(): Promise<Sandbox> {
  await using stack = new AsyncDisposableStack();
  const admin = await loadClusterConfig();
  const client = stack.use(new Transport(admin, { budget: { perSecond: 500, burst: 500 } }));
  const namespace = `troupe-role-${crypto.randomUUID().slice(0, 8)}`;
  const core = new CoreV1Api(client);
  await core.createNamespace({ metadata: { name: namespace } });
  stack.defer(async () => void await core.deleteNamespace(namespace));
  const { serviceAccount, role, roleBinding } = greeterManifests({ namespace });
  await core.namespace(namespace).createServiceAccount(serviceAccount);
  const rbac = new RbacAuthorizationV1Api(client).namespace(namespace);
  await rbac.createRole({ ...role, rules: [] });
  await rbac.createRoleBinding(roleBinding);
  const as = async (account: string): Promise<ClusterConfig> => {
    const { status } = await core.namespace(namespace).createServiceAccountToken(
      account,
      { spec: { audiences: [], expirationSeconds: 3600 } },
    );
    const { tls } = await admin.credentials.get();
    const presented = {
      authorization: `Bearer ${status!.token}`,
      tls: { caCerts: tls.caCerts },
    };
    const credentials = { get: () => Promise.resolve(presented), refresh: () => {} };
    return { ...admin, namespace, credentials };
  };
  const moved = stack.move();
  return {
    namespace,
    admin: core.namespace(namespace),
    config: await as(serviceAccount.metadata!.name!),
    as,
    async grant(rules: PolicyRule[]): Promise<void> {
      await rbac.replaceRole(role.metadata!.name!, { ...role, rules });
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

interface Sandbox extends AsyncDisposable {
  readonly namespace: string;
  /** The namespace, with all permissions. */
  readonly admin: ReturnType<CoreV1Api["namespace"]>;
  /** The cluster, as the supervisor's account. */
  readonly config: ClusterConfig;
  /** The cluster, as another account of the namespace. */
  as(account: string): Promise<ClusterConfig>;
  /** Changes what the account may do. */
  grant(rules: PolicyRule[]): Promise<void>;
}

/** What the greeter's supervisor may do. */
const GREETER = { election: true, kinds: ["Deployment"] } as const;

/**
 * Runs workloads of new names, as a coordinator of a new name that stands for election; resolves when
 * they are ready, or with the first error.
 */
async function tryToRun(sandbox: Sandbox): Promise<Error | undefined> {
  const id = crypto.randomUUID().slice(0, 8);
  const name = `role-test-${id}`;
  await using coordinator = await Coordinator.create({
    name,
    config: sandbox.config,
    watch: { minBackoff: 10 },
    election: GREETER.election,
    kinds: [...GREETER.kinds],
  });
  const failed = Promise.withResolvers<Error>();
  let first: Error | undefined;
  coordinator.onError((error) => failed.resolve(first ??= error));
  // of an account that is left of an earlier workload the new one is made the owner
  await sandbox.admin.createServiceAccount({
    metadata: {
      name: `left-${id}`,
      labels: { "troupe.dev/coordinator": name, "troupe.dev/workload": `left-${id}` },
    },
  });
  const started = coordinator.start();
  const run = (async () => {
    for (const prefix of ["w", "left"]) {
      const params = { name: `${prefix}-${id}`, image: "none", replicas: 0 };
      const workload = await coordinator.run(params);
      await workload.ready({ timeout: TIMEOUT });
      await workload.pods();
    }
  })();
  await Promise.race([failed.promise, run.catch((e: Error) => first ??= e)]);
  await coordinator.stop(); // which gives the Lease back
  await Promise.all([started, run.catch(() => {})]);
  return first;
}

/** Repeats while RBAC, which learns of a Role a moment later, still answers by the old one. */
async function eventually(
  sandbox: Sandbox,
  rules: PolicyRule[],
  isRight: (error: Error | undefined) => boolean,
): Promise<Error | undefined> {
  await sandbox.grant(rules);
  const deadline = performance.now() + TIMEOUT;
  while (true) {
    const error = await tryToRun(sandbox);
    if (isRight(error) || performance.now() > deadline) return error;
  }
}

Deno.test({
  name: "coordinatorRules() are all that a supervisor needs, and each verb is needed",
  ignore,
  async fn(t) {
    await using sandbox = await startSandbox();
    const all = coordinatorRules(GREETER);
    await t.step("all of them suffice", async () => {
      deepStrictEqual(await eventually(sandbox, all, (error) => error === undefined), undefined);
    });
    const single = all.flatMap((rule) =>
      rule.resources!.map((resource) => ({ ...rule, resources: [resource] }))
    );
    for (const rule of single) {
      for (const verb of rule.verbs) {
        const [resource] = rule.resources!;
        await t.step(`without ${verb} of ${resource} the error names it`, async () => {
          const rules = single.map((r) =>
            r === rule ? { ...r, verbs: r.verbs.filter((v) => v !== verb) } : r
          );
          const missing = `apiGroups: ["${rule.apiGroups![0]}"], resources: ["${resource}"], ` +
            `verbs: ["${verb}"]`;
          const named = (error: Error | undefined) => error?.message.includes(missing) ?? false;
          const error = await eventually(sandbox, rules, named);
          ok(named(error), `${error?.message} does not name { ${missing} }`);
        });
      }
    }
  },
});

Deno.test({
  name: "coordinatorRules() with deletes suffice to delete a workload, and without name the verb",
  ignore,
  async fn() {
    await using sandbox = await startSandbox();
    await eventually(sandbox, coordinatorRules(GREETER), (error) => error === undefined);
    await using coordinator = await Coordinator.create({
      name: "role-test",
      config: sandbox.config,
      kinds: [...GREETER.kinds],
    });
    const workload = await coordinator.run({ name: "deleted", image: "none", replicas: 0 });
    await rejects(workload.delete(), /verbs: \["delete"\]/);
    await sandbox.grant(coordinatorRules({ ...GREETER, deletes: true }));
    const deadline = performance.now() + TIMEOUT;
    while (true) {
      try {
        return await workload.delete({ timeout: TIMEOUT });
      } catch (e) {
        if (performance.now() > deadline) throw e;
      }
    }
  },
});

Deno.test({
  name:
    "coordinatorRules() with logs, exec and proxy suffice to read logs, run commands and reach pods, and without name the verb",
  ignore,
  async fn() {
    await using sandbox = await startSandbox();
    await using client = new Transport(sandbox.config);
    const target = { namespace: sandbox.namespace, pod: "none" };
    const attempts = {
      logs: () => Array.fromAsync(podLogs(client, { ...target, follow: true })),
      exec: () => podExec(client, { ...target, command: ["ls"] }),
      proxy: () => podSocket(client, { namespace: sandbox.namespace, name: "none", port: 1 }),
    };
    await sandbox.grant(coordinatorRules());
    for (const [flag, attempt] of Object.entries(attempts)) {
      const resource = { logs: "pods/log", exec: "pods/exec", proxy: "pods/proxy" }[flag];
      const code = async (wanted: number): Promise<Error> => {
        const deadline = performance.now() + TIMEOUT;
        while (true) {
          const error = await attempt().then(() => undefined, (e) => e);
          if (error?.httpCode === wanted) return error;
          if (performance.now() > deadline) throw error;
        }
      };
      const error = await code(403);
      ok(error.message.includes(`resources: ["${resource}"], verbs: ["get"]`), error.message);
      await sandbox.grant(coordinatorRules({ [flag]: true }));
      await code(404);
    }
  },
});

Deno.test({
  name: "coordinatorRules() with undo and events suffice for these, and without name the verb",
  ignore,
  async fn() {
    await using sandbox = await startSandbox();
    await eventually(sandbox, coordinatorRules(GREETER), (error) => error === undefined);
    await using coordinator = await Coordinator.create({
      name: "role-test",
      config: sandbox.config,
      kinds: GREETER.kinds && [...GREETER.kinds],
    });
    const workload = await coordinator.run({ name: "undone", image: "none", replicas: 0 });
    const attempts = {
      undo: () => workload.undo(),
      events: () => Array.fromAsync(workload.events()),
    };
    for (const [flag, attempt] of Object.entries(attempts)) {
      await rejects(attempt(), /resources: \["(replicasets|events)"\], verbs: \["list"\]/);
      await sandbox.grant(coordinatorRules({ ...GREETER, [flag]: true }));
      const deadline = performance.now() + TIMEOUT;
      while (true) {
        const error = await attempt().then(() => undefined, (e: Error) => e);
        if (error === undefined || /no earlier revision/.test(error.message)) break;
        if (performance.now() > deadline) throw error;
      }
    }
  },
});

Deno.test({
  name: "coordinatorRules() with messaging suffice to keep keys, and without name the verb",
  ignore,
  async fn() {
    await using sandbox = await startSandbox();
    await using client = new Transport(sandbox.config);
    const { namespace } = sandbox;
    const store = new KeyStore({ client, coordinator: "role-test", namespace });
    const tls = new TlsStore({ client, coordinator: "role-test", namespace });
    const { signal } = new AbortController();
    const mandate = { token: 1, signal, check: () => {} };
    const attempt = async () => {
      await store.ensure(mandate);
      await store.addNext(mandate);
      await store.useNext(mandate);
      await tls.ensure(mandate);
    };
    const all = coordinatorRules({ messaging: { coordinator: "role-test", tls: true } })
      .filter(({ resources }) => resources!.includes("secrets"));
    const result = async (rules: PolicyRule[], isRight: (e: Error | undefined) => boolean) => {
      await sandbox.grant(rules);
      const deadline = performance.now() + TIMEOUT;
      while (true) {
        const error = await attempt().then(() => undefined, (e: Error) => e);
        if (isRight(error) || performance.now() > deadline) return error;
      }
    };
    // in this order each is missed before it is granted
    for (const verb of ["get", "create", "patch"]) {
      const rules = all.map((rule) => ({ ...rule, verbs: rule.verbs.filter((v) => v !== verb) }))
        .filter(({ verbs }) => verbs.length > 0);
      const missing = `apiGroups: [""], resources: ["secrets"], verbs: ["${verb}"]`;
      const named = (error: Error | undefined) => error?.message.includes(missing) ?? false;
      const error = await result(rules, named);
      ok(named(error), `${error?.message} does not name { ${missing} }`);
      if (verb === "create") await result(all, (e) => e === undefined);
    }
    strictEqual(await result(all, (error) => error === undefined), undefined);
    // and nobody else's
    const other = new KeyStore({ client, coordinator: "other", namespace });
    await rejects(other.ensure(mandate), /verbs: \["get"\]/);
  },
});

Deno.test({
  name:
    "coordinatorRules() with timers suffice for these, by the object's name, and without name the verb",
  ignore,
  async fn() {
    await using sandbox = await startSandbox();
    const kinds = [...GREETER.kinds];
    const all = coordinatorRules({ kinds, timers: true, name: "role-test" });
    const records = all.filter(({ resources }) => resources!.includes("configmaps"));
    const others = all.filter((rule) => !records.includes(rule));
    await eventually(sandbox, coordinatorRules(GREETER), (error) => error === undefined);
    await using coordinator = await Coordinator.create({
      name: "role-test",
      config: sandbox.config,
      kinds,
    });
    let missing: PromiseWithResolvers<string> = Promise.withResolvers();
    coordinator.onError(({ message }) => missing.resolve(message));
    const fired = Promise.withResolvers<void>();
    coordinator.every("200ms", () => fired.resolve());
    void coordinator.start();
    for (const verb of ["get", "create", "patch"]) {
      // what is granted comes into force a moment later
      while (!(await missing.promise).includes(`verbs: ["${verb}"]`)) {
        missing = Promise.withResolvers();
      }
      const granted = ["get", "create", "patch"].slice(
        0,
        ["get", "create", "patch"].indexOf(verb) + 1,
      );
      await sandbox.grant([
        ...others,
        ...records.map((rule) => ({
          ...rule,
          verbs: rule.verbs.filter((each) => granted.includes(each)),
        })).filter(({ verbs }) => verbs.length > 0),
      ]);
    }
    await fired.promise;
  },
});

Deno.test({
  name:
    "coordinatorRules() with primitives suffice to let workers use these, and without name what is lacking",
  ignore,
  async fn(t) {
    await using sandbox = await startSandbox();
    const { namespace } = sandbox;
    const kinds = [...GREETER.kinds];
    const primitives = ["mutex/orders", "election/biller"] as const;
    await eventually(sandbox, coordinatorRules(GREETER), (error) => error === undefined);
    let name = "";
    /** What becomes of running a workload of a new name when these rules are in force. */
    const run = async (rules: PolicyRule[], isRight: (error: Error | undefined) => boolean) => {
      await sandbox.grant(rules);
      const deadline = performance.now() + TIMEOUT;
      while (true) {
        await using coordinator = await Coordinator.create({
          name: "role-test",
          config: sandbox.config,
          kinds,
        });
        name = `w-${crypto.randomUUID().slice(0, 8)}`;
        const error = await coordinator.run({
          name,
          image: "none",
          replicas: 0,
          primitives: [...primitives],
        }).then(() => undefined, (e: Error) => e);
        if (isRight(error) || performance.now() > deadline) return error;
      }
    };
    const all = coordinatorRules({ kinds, deletes: true, primitives });
    const isRoles = ({ resources }: PolicyRule) => resources!.includes("roles");
    for (const verb of ["list", "watch", "get", "create"]) {
      await t.step(`without ${verb} of roles the error names it`, async () => {
        const rules = all.map((rule) =>
          isRoles(rule) ? { ...rule, verbs: rule.verbs.filter((v) => v !== verb) } : rule
        );
        const missing = /resources: \["role(s|bindings)"\], verbs: \["(\w+)"\]/;
        const error = await run(rules, (e) => missing.exec(e?.message ?? "")?.[2] === verb);
        strictEqual(missing.exec(error?.message ?? "")?.[2], verb, error?.message);
      });
    }
    await t.step("without what it grants the error names that", async () => {
      const granted = primitiveRules(primitives);
      const rules = all.filter((rule) => !granted.some((it) => isDeepStrictEqual(it, rule)));
      const named = /cannot grant what it may not do itself; .*"configmaps".*"troupe-mutex-orders"/;
      const error = await run(rules, (e) => named.test(e?.message ?? ""));
      ok(named.test(error?.message ?? ""), error?.message);
    });
    await t.step("all of them suffice, and workers may use these and no others", async () => {
      strictEqual(await run(all, (error) => error === undefined), undefined);
      const config = await sandbox.as(name);
      await using worker = new Transport(config);
      const get = async (path: string) => {
        const request = { method: "GET", path, expectJson: true } as const;
        return await worker.performRequest(request).then(() => 200, (e) => e.httpCode);
      };
      const record = `/api/v1/namespaces/${namespace}/configmaps/troupe-mutex-orders`;
      const inForce = async () => await get(record) !== 403;
      await until("the Role to be in force", inForce, { timeout: TIMEOUT });
      await using one = await Primitives.create({ config });
      await using other = await Primitives.create({ config });
      const held = await one.mutex("orders").acquire({ timeout: TIMEOUT });
      const next = other.mutex("orders").acquire({ timeout: TIMEOUT });
      await held.release();
      await (await next).release();
      await rejects(one.mutex("other").acquire({ timeout: TIMEOUT }), {
        message: /configmaps "troupe-mutex-other".*grant it with a Role rule .*\["configmaps"\]/,
      });
      for (const what of ["configmaps/troupe-mutex-other", "configmaps", "secrets", "pods"]) {
        strictEqual(await get(`/api/v1/namespaces/${namespace}/${what}`), 403, what);
      }
    });
    await t.step("they suffice to take it away again", async () => {
      await using coordinator = await Coordinator.create({
        name: "role-test",
        config: sandbox.config,
        kinds,
      });
      await coordinator.run({ name, image: "none", replicas: 0 });
    });
  },
});
