import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { KubeConfig, KubeConfigContext } from "@cloudydeno/kubernetes-client";
import { mergeKubeConfigs } from "@cloudydeno/kubernetes-client/lib/kubeconfig.ts";
import { stub } from "@std/testing/mock";
import type { RawKubeConfig, UserConfig } from "@cloudydeno/kubernetes-client/lib/kubeconfig.ts";

const LOCAL = `apiVersion: v1
kind: Config
current-context: local
contexts:
- name: local
  context: { cluster: here, user: me, namespace: mine }
- name: other
  context: { cluster: nowhere, user: nobody }
clusters:
- name: here
  cluster: { server: "http://127.0.0.1:8080" }
users:
- name: me
  user: { token: secret }
`;

Deno.test("readFromPath() reads contexts with their cluster and user", async () => {
  await using dir = await tempDir({ "config": LOCAL });
  const config = await KubeConfig.readFromPath(`${dir.path}/config`);
  strictEqual(config.getContext("local")?.context.cluster, "here");
  strictEqual(config.getCluster("here")?.cluster.server, "http://127.0.0.1:8080");
  strictEqual(config.getUser("me")?.user.token, "secret");
  strictEqual(config.getUser("absent"), null);
  strictEqual(config.getUser(), null);
  const context = config.fetchContext();
  strictEqual(context.defaultNamespace, "mine");
  strictEqual(context.cluster.server, "http://127.0.0.1:8080");
  strictEqual(await context.getAuthHeader(), "Bearer secret");
  strictEqual(await context.getServerTls(), null);
  strictEqual(await context.getClientTls(), null);
});

Deno.test("fetchContext() leaves empty what is missing", async () => {
  await using dir = await tempDir({ "config": LOCAL });
  const config = await KubeConfig.readFromPath(`${dir.path}/config`);
  const { context, cluster, user, defaultNamespace } = config.fetchContext("other");
  deepStrictEqual([context.cluster, cluster, user, defaultNamespace], ["nowhere", {}, {}, null]);
  deepStrictEqual(config.fetchContext("absent").context, {});
});

Deno.test("readFromPath() refuses a file that is no kubeconfig", async () => {
  await using dir = await tempDir({ "list": "kind: List\n", "empty": "" });
  for (const name of ["list", "empty"]) {
    await rejects(KubeConfig.readFromPath(`${dir.path}/${name}`), /"apiVersion" and "kind"/);
  }
  await rejects(KubeConfig.readFromPath(`${dir.path}/absent`), Deno.errors.NotFound);
});

Deno.test("getDefaultConfig() merges the files of KUBECONFIG, the first one counting", async () => {
  await using dir = await tempDir({
    "a": LOCAL,
    "b": LOCAL.replaceAll("mine", "theirs").replaceAll("current-context: local", "")
      .replaceAll("other", "third"),
  });
  using _env = environment({ KUBECONFIG: `${dir.path}/a::${dir.path}/b` });
  const config = await KubeConfig.getDefaultConfig();
  strictEqual(config.fetchContext().defaultNamespace, "mine");
  deepStrictEqual(config.data.contexts?.map(({ name }) => name).sort(), [
    "local",
    "other",
    "third",
  ]);
});

Deno.test("getDefaultConfig() takes ~/.kube/config, or nothing if there is none", async () => {
  await using dir = await tempDir({ ".kube/config": LOCAL });
  {
    using _env = environment({ KUBECONFIG: undefined, HOME: dir.path });
    strictEqual((await KubeConfig.getDefaultConfig()).fetchContext().defaultNamespace, "mine");
  }
  using _env = environment({ KUBECONFIG: "", HOME: `${dir.path}/nowhere` });
  deepStrictEqual({ ...(await KubeConfig.getDefaultConfig()).data, preferences: {} }, {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "",
    "contexts": [],
    "clusters": [],
    "users": [],
    "preferences": {},
  });
});

Deno.test("mergeKubeConfigs() takes objects too", () => {
  const named = (name: string, server: string): RawKubeConfig => ({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server } }],
    preferences: { colors: server === "b" },
  });
  const merged = mergeKubeConfigs([named("x", "a"), new KubeConfig(named("x", "b"))]);
  deepStrictEqual(merged.clusters, [{ name: "x", cluster: { server: "a" } }]);
  strictEqual(merged.preferences?.colors, false);
});

Deno.test("getInClusterConfig() reads the files of the service account", async () => {
  await using dir = await tempDir({ "namespace": "ns", "ca.crt": "CERT", "token": "abc" });
  const config = await KubeConfig.getInClusterConfig({ secretsPath: dir.path });
  const context = config.fetchContext();
  strictEqual(context.cluster.server, "https://kubernetes.default.svc.cluster.local");
  strictEqual(context.defaultNamespace, "ns");
  deepStrictEqual(await context.getServerTls(), { serverCert: "CERT" });
  strictEqual(await context.getAuthHeader(), "Bearer abc");
  await rejects(
    KubeConfig.getInClusterConfig({ secretsPath: `${dir.path}/absent` }),
    Deno.errors.NotFound,
  );
});

Deno.test("getSimpleUrlConfig() has a cluster and no user", async () => {
  const context = KubeConfig.getSimpleUrlConfig({ baseUrl: "http://127.0.0.1:1" }).fetchContext();
  strictEqual(context.cluster.server, "http://127.0.0.1:1");
  strictEqual(await context.getAuthHeader(), null);
  strictEqual(
    KubeConfig.getSimpleUrlConfig().fetchContext().cluster.server,
    "http://localhost:8080",
  );
});

Deno.test("TLS comes from data or from files, data counting first", async () => {
  await using dir = await tempDir({ "ca": "CA", "key": "KEY", "cert": "CERT" });
  const files = new KubeConfigContext(
    {},
    { "certificate-authority": `${dir.path}/ca` },
    { "client-key": `${dir.path}/key`, "client-certificate": `${dir.path}/cert` },
  );
  deepStrictEqual(await files.getServerTls(), { serverCert: "CA" });
  deepStrictEqual(await files.getClientTls(), { userKey: "KEY", userCert: "CERT" });
  const data = new KubeConfigContext(
    {},
    { "certificate-authority": "/absent", "certificate-authority-data": btoa("CA2") },
    { "client-key-data": btoa("KEY2"), "client-certificate-data": btoa("CERT2") },
  );
  deepStrictEqual(await data.getServerTls(), { serverCert: "CA2" });
  deepStrictEqual(await data.getClientTls(), { userKey: "KEY2", userCert: "CERT2" });
  await rejects(withUser({ "client-key-data": btoa("KEY") }).getClientTls(), /must both/);
});

Deno.test("getAuthHeader() reads the kinds of credentials", async () => {
  await using dir = await tempDir({ "token": " rotated\n" });
  const headers = [
    { username: "u", password: "p" },
    { username: "u" },
    { token: "t", tokenFile: "/absent" },
    { tokenFile: `${dir.path}/token` },
    {},
  ].map((user) => withUser(user).getAuthHeader());
  deepStrictEqual(await Promise.all(headers), [
    `Basic ${btoa("u:p")}`,
    `Basic ${btoa("u:")}`,
    "Bearer t",
    "Bearer rotated",
    null,
  ]);
});

Deno.test("getAuthHeader() knows the old provider of GCP and no other", async () => {
  const config = { "cmd-args": "", "cmd-path": "", "expiry-key": "", "token-key": "" };
  const gcp = (more: Record<string, string>) =>
    withUser({ "auth-provider": { name: "gcp", config: { ...config, ...more } } }).getAuthHeader();
  const later = new Date(Date.now() + 60_000).toISOString();
  strictEqual(await gcp({ "access-token": "g", expiry: later }), "Bearer g");
  await rejects(gcp({ "access-token": "g", expiry: "2020-01-01T00:00:00Z" }), /token expired/);
  await rejects(gcp({}), /lacks a cached token/);
  await rejects(
    withUser({ "auth-provider": { name: "oidc", config } }).getAuthHeader(),
    /\(oidc\) isn't supported/,
  );
});

Deno.test("the exec plugin is asked once until its answer expires", async () => {
  await using dir = await tempDir({ "runs": "" });
  const context = execContext(
    `echo run >> ${dir.path}/runs; echo '${credential({ token: "plugged" })}'`,
  );
  strictEqual(await context.getAuthHeader(), "Bearer plugged");
  strictEqual(await context.getAuthHeader(), "Bearer plugged");
  strictEqual(await context.getClientTls(), null);
  strictEqual(await Deno.readTextFile(`${dir.path}/runs`), "run\n");

  const expired = { token: "old", expirationTimestamp: "2020-01-01T00:00:00Z" };
  const expiring = execContext(
    `echo run >> ${dir.path}/runs; echo '${credential(expired)}'`,
  );
  await expiring.getAuthHeader();
  await expiring.getAuthHeader();
  strictEqual(await Deno.readTextFile(`${dir.path}/runs`), "run\nrun\nrun\n");
});

Deno.test("the exec plugin may give a client certificate", async () => {
  const status = { clientKeyData: "KEY", clientCertificateData: "CERT" };
  const context = execContext(`echo '${credential(status)}'`);
  deepStrictEqual(await context.getClientTls(), { userKey: "KEY", userCert: "CERT" });
  strictEqual(await context.getAuthHeader(), null);
});

Deno.test("the exec plugin is told its environment and the cluster", async () => {
  await using dir = await tempDir({});
  const script = `printf '%s' "$KUBERNETES_EXEC_INFO" > ${dir.path}/info
    printf '%s' "$EXTRA" > ${dir.path}/extra; echo '${credential({ token: "t" })}'`;
  const user = {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1" as const,
      command: "sh",
      args: ["-c", script],
      env: [{ name: "EXTRA", value: "more" }],
      interactiveMode: "Never" as const,
      provideClusterInfo: true,
    },
  };
  const extension = { region: "here" };
  const context = new KubeConfigContext({}, {
    "server": "https://127.0.0.1:6443",
    "certificate-authority-data": btoa("CA"),
    "extensions": [{ name: "client.authentication.k8s.io/exec", extension }],
  }, user);
  await context.getAuthHeader();
  strictEqual(await Deno.readTextFile(`${dir.path}/extra`), "more");
  deepStrictEqual(JSON.parse(await Deno.readTextFile(`${dir.path}/info`)), {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        "config": extension,
        "server": "https://127.0.0.1:6443",
        "certificate-authority-data": btoa("CA"),
      },
    },
  });
});

Deno.test("a failing exec plugin is an error that names it", async () => {
  await rejects(execContext("exit 3").getAuthHeader(), /Exec plugin sh exited with code 3/);
  await rejects(execContext("echo {}").getAuthHeader(), /did not output an ExecCredential/);
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1" as const,
    command: "/absent/plugin",
    installHint: "install the plugin",
  };
  await rejects(withUser({ exec }).getAuthHeader(), { message: "install the plugin" });
  const { installHint: _, ...unhinted } = exec;
  await rejects(withUser({ exec: unhinted }).getAuthHeader(), /\/absent\/plugin not found/);
});

function withUser(user: UserConfig): KubeConfigContext {
  return new KubeConfigContext({}, {}, user);
}

function execContext(script: string): KubeConfigContext {
  const apiVersion = "client.authentication.k8s.io/v1";
  return withUser({
    exec: { apiVersion, command: "sh", args: ["-c", script], interactiveMode: "Never" },
  });
}

function credential(status: Record<string, string>): string {
  const apiVersion = "client.authentication.k8s.io/v1";
  return JSON.stringify({ apiVersion, kind: "ExecCredential", status });
}

async function tempDir(
  files: Record<string, string>,
): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${path}/${name}`.replace(/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** What `Deno.env.get` answers until it is disposed; tests beside this one are not affected. */
function environment(variables: Record<string, string | undefined>): Disposable {
  return stub(Deno.env, "get", (name) => variables[name]);
}
