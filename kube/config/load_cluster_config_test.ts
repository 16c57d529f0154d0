import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { ConfigError } from "./config_error.ts";
import type { Environment } from "./environment.ts";
import { findInCluster } from "./in_cluster.ts";
import { loadClusterConfig, loadFrom } from "./load_cluster_config.ts";
import { kubeconfig, makeTempDir } from "./testdata/temp_dir.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

function environment(variables: Record<string, string>): Environment {
  return new Map(Object.entries(variables));
}

/** The message of the ConfigError, which must be one line. */
async function complaint(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined, (error) => error);
  strictEqual(error?.name, "ConfigError", String(error));
  strictEqual(error.message.split("\n").length, 1);
  return error.message;
}

Deno.test("loadClusterConfig() resolves paths against the folder of the file they stand in", async () => {
  await using dir = await makeTempDir();
  await dir.write("a/pki/ca.crt", PEM);
  await dir.write("b/secrets/token", "from-file\n");
  const a = await dir.write("a/config", {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "both",
    "contexts": [{ name: "both", context: { cluster: "k", user: "u", namespace: "team" } }],
    "clusters": [{
      name: "k",
      cluster: { "server": "https://127.0.0.1:6443/", "certificate-authority": "pki/ca.crt" },
    }],
  });
  const b = await dir.write("b/config", {
    "apiVersion": "v1",
    "kind": "Config",
    "users": [{ name: "u", user: { tokenFile: "secrets/token" } }],
  });
  const config = await loadFrom(environment({ KUBECONFIG: `${a}:${dir.path}/missing:${b}` }));
  strictEqual(config.server, "https://127.0.0.1:6443");
  strictEqual(config.namespace, "team");
  strictEqual(config.source, `kubeconfig "${a}", "${b}", context "both"`);
  deepStrictEqual(await config.credentials.get(), {
    authorization: "Bearer from-file",
    tls: { caCerts: [PEM] },
  });
});

Deno.test("loadClusterConfig() takes the first of two things with one name when it merges", async () => {
  await using dir = await makeTempDir();
  const first = await dir.write("first", kubeconfig({ user: { token: "first" } }));
  const second = await dir.write("second", {
    ...kubeconfig({ user: { token: "second" } }),
    "current-context": "other",
  });
  const { credentials } = await loadFrom(environment({ KUBECONFIG: `${first}:${second}` }));
  strictEqual((await credentials.get()).authorization, "Bearer first");
});

Deno.test("loadClusterConfig() takes the context that is asked for", async () => {
  await using dir = await makeTempDir();
  const data = kubeconfig() as Record<string, unknown[]>;
  data.contexts!.push({ name: "plain", context: { cluster: "http" } });
  data.clusters!.push({ name: "http", cluster: { server: "http://127.0.0.1:8001" } });
  const path = await dir.write("config", data);
  const config = await loadClusterConfig({ kubeconfig: path, context: "plain" });
  strictEqual(config.server, "http://127.0.0.1:8001");
  strictEqual(config.namespace, "default");
  deepStrictEqual(await config.credentials.get(), { tls: { caCerts: [] } });
});

Deno.test("loadClusterConfig() falls back to ~/.kube/config", async () => {
  await using dir = await makeTempDir();
  await dir.write(".kube/config", kubeconfig());
  const config = await loadFrom(environment({ HOME: dir.path }));
  strictEqual(config.source, `kubeconfig "${dir.path}/.kube/config", context "c"`);
});

Deno.test("loadClusterConfig() names what is missing", async (t) => {
  await using dir = await makeTempDir();
  const cases: [string, Record<string, unknown>, string | undefined, RegExp][] = [
    [
      "context",
      kubeconfig(),
      "nope",
      /context "nope" of kubeconfig ".*": no such context, there are "c"$/,
    ],
    [
      "current-context",
      { ...kubeconfig(), "current-context": "" },
      undefined,
      /current-context is not set, there are "c"$/,
    ],
    [
      "cluster",
      kubeconfig({ context: { cluster: "gone" } }),
      undefined,
      /context "c": cluster "gone" is not defined, there are "k"$/,
    ],
    [
      "user",
      kubeconfig({ context: { user: "gone" } }),
      undefined,
      /context "c": user "gone" is not defined, there are "u"$/,
    ],
    [
      "server",
      kubeconfig({ cluster: { server: "" } }),
      undefined,
      /cluster "k": field "server" is not set$/,
    ],
    [
      "scheme",
      kubeconfig({ cluster: { server: "localhost:8080" } }),
      undefined,
      /field "server" is "localhost:8080": it must be an http:\/\/ or https:\/\/ URL$/,
    ],
    [
      "type",
      kubeconfig({ user: { token: 42 } }),
      undefined,
      /field "users\[0\]\.user\.token": .*string/,
    ],
    ["kind", { apiVersion: "v1", kind: "Pod" }, undefined, /Cannot read kubeconfig ".*": .*kind/],
  ];
  for (const [name, data, context, pattern] of cases) {
    await t.step(name, async () => {
      const path = await dir.write("config", data);
      match(await complaint(loadClusterConfig({ kubeconfig: path, context })), pattern);
    });
  }
});

Deno.test("loadClusterConfig() refuses credentials that would end as anonymous requests", async (t) => {
  await using dir = await makeTempDir();
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["empty token", { token: "" }, /user "u": field "token" is empty$/],
    ["null token", { token: null }, /user "u": field "token" is empty$/],
    [
      "missing file",
      { tokenFile: "gone" },
      /context "c", user "u": field "tokenFile": file ".*\/gone": not found$/,
    ],
    ["empty file", { tokenFile: "empty" }, /field "tokenFile": file ".*\/empty" is empty$/],
    [
      "no key",
      { "client-certificate-data": btoa(PEM) },
      /"client-certificate" is set without "client-key"$/,
    ],
    ["no certificate", { "client-key": "k" }, /"client-key" is set without "client-certificate"$/],
    [
      "no base64",
      { "client-certificate-data": "%", "client-key-data": btoa(PEM) },
      /field "client-certificate-data" is not base64$/,
    ],
    [
      "no PEM",
      { "client-certificate-data": btoa("x"), "client-key-data": btoa(PEM) },
      /field "client-certificate-data" holds no PEM$/,
    ],
    [
      "two ways",
      { token: "a", username: "b", password: "c" },
      /"token" and "username" are both set, only one is allowed$/,
    ],
    [
      "impersonation",
      { "token": "a", "as": "root" },
      /field "as": impersonation is not supported$/,
    ],
    ["old provider", { "auth-provider": { name: "oidc", config: {} } }, /user "u": .*oidc/],
    [
      "exec of nothing",
      { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "" } },
      /field "users\[0\]\.user\.exec\.command"/,
    ],
  ];
  await dir.write("empty", "\n");
  for (const [name, user, pattern] of cases) {
    await t.step(name, async () => {
      const path = await dir.write("config", kubeconfig({ user }));
      match(await complaint(loadClusterConfig({ kubeconfig: path })), pattern);
    });
  }
});

Deno.test("loadClusterConfig() sends no credentials unencrypted to another machine", async () => {
  await using dir = await makeTempDir();
  const far = await dir.write("far", kubeconfig({ cluster: { server: "http://10.0.0.1:8080" } }));
  match(
    await complaint(loadClusterConfig({ kubeconfig: far })),
    /credentials are not sent to "http:\/\/10\.0\.0\.1:8080" unencrypted, use https:\/\/$/,
  );
  const near = await dir.write(
    "near",
    kubeconfig({ cluster: { server: "http://127.0.0.1:8080" } }),
  );
  const { credentials } = await loadClusterConfig({ kubeconfig: near });
  strictEqual((await credentials.get()).authorization, "Bearer abc");
});

Deno.test("loadClusterConfig() allows a user without any credential", async () => {
  await using dir = await makeTempDir();
  const path = await dir.write("config", kubeconfig({ user: {} }));
  const { credentials } = await loadClusterConfig({ kubeconfig: path });
  strictEqual((await credentials.get()).authorization, undefined);
});

Deno.test("loadClusterConfig() passes what concerns the connection on", async () => {
  await using dir = await makeTempDir();
  const path = await dir.write(
    "config",
    kubeconfig({
      cluster: {
        "tls-server-name": "kubernetes",
        "insecure-skip-tls-verify": true,
        "proxy-url": "http://me:p%40ss@proxy.example:3128",
      },
    }),
  );
  const { credentials } = await loadClusterConfig({ kubeconfig: path });
  deepStrictEqual((await credentials.get()).tls, {
    caCerts: [],
    serverName: "kubernetes",
    insecure: true,
    proxy: {
      url: "http://proxy.example:3128/",
      basicAuth: { username: "me", password: "p@ss" },
    },
  });
});

Deno.test("loadClusterConfig() tells all places that it looked at", async () => {
  await using dir = await makeTempDir();
  const nowhere = { HOME: dir.path };
  strictEqual(
    await complaint(loadFrom(environment(nowhere))),
    `Cannot find a cluster: looked at KUBECONFIG (not set), ${dir.path}/.kube/config ` +
      `(not found), in-cluster (KUBERNETES_SERVICE_HOST is not set)`,
  );
  match(
    await complaint(loadFrom(environment(nowhere), { context: "x" })),
    /^Cannot use context "x": there is no kubeconfig, looked at KUBECONFIG/,
  );
  match(
    await complaint(loadFrom(environment(nowhere), { kubeconfig: `${dir.path}/gone` })),
    /^Cannot read kubeconfig ".*\/gone": not found$/,
  );
  match(
    await complaint(loadFrom(environment({ ...nowhere, KUBECONFIG: `${dir.path}/x` }))),
    /looked at .*\/x \(not found\), in-cluster/,
  );
});

Deno.test({
  name: "loadClusterConfig() tells the flag that Deno needs when it may not read",
  permissions: { read: false, env: false },
  async fn() {
    strictEqual(
      await complaint(loadClusterConfig({ kubeconfig: "/etc/kube" })),
      `Cannot read kubeconfig "/etc/kube": Deno may not read it, start with --allow-read=/etc/kube`,
    );
    match(
      await complaint(loadClusterConfig()),
      /looked at KUBECONFIG \(Deno may not read it, start with --allow-env=KUBECONFIG\)/,
    );
  },
});

Deno.test("loadClusterConfig() rejects with the signal's reason when it is aborted", async () => {
  const reason = new Error("enough");
  await rejects(loadClusterConfig({ signal: AbortSignal.abort(reason) }), reason);
});

Deno.test("findInCluster() reads the service account, and its token again as it rotates", async () => {
  await using dir = await makeTempDir();
  await dir.write("ca.crt", PEM);
  await dir.write("token", "one");
  await dir.write("namespace", "team\n");
  let now = 0;
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const config = await findInCluster(environment(env), { dir: dir.path, now: () => now });
  if (typeof config === "string") throw new Error(config);
  strictEqual(config.server, "https://[fd00::1]:443");
  strictEqual(config.namespace, "team");
  const first = await config.credentials.get();
  deepStrictEqual(first, { authorization: "Bearer one", tls: { caCerts: [PEM] } });

  await dir.write("token", "two");
  now = 59_999;
  strictEqual(await config.credentials.get(), first);
  now = 60_000;
  const second = await config.credentials.get();
  strictEqual(second.authorization, "Bearer two");
  strictEqual(second.tls, first.tls);
});

Deno.test("findInCluster() names the file when there is no token", async () => {
  await using dir = await makeTempDir();
  await dir.write("ca.crt", PEM);
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const config = await findInCluster(environment(env), { dir: dir.path });
  if (typeof config === "string") throw new Error(config);
  strictEqual(config.namespace, "default");
  strictEqual(
    await complaint(config.credentials.get()),
    `Cannot use in-cluster service account: field "tokenFile": file "${dir.path}/token": not found`,
  );
  await rejects(config.credentials.get(), ConfigError);
});
