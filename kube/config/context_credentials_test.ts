import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { ContextCredentials, FILE_RETRY_MS, FILE_TTL_MS } from "./context_credentials.ts";
import { MIN_USE_MS } from "./exec_plugin.ts";
import { makeTempDir, type TempDir } from "./testdata/temp_dir.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const windows = Deno.build.os === "windows";

/** A plugin that counts its runs in a file and prints what `status` says, `N` being the count. */
async function writePlugin(dir: TempDir, status: Record<string, string>): Promise<string> {
  const credential = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status,
  });
  return await dir.write(
    "plugin",
    `#!/bin/sh\nprintf x >>'${dir.path}/runs'\nN=$(wc -c <'${dir.path}/runs' | tr -d ' ')\n` +
      `printf '%s' "$KUBERNETES_EXEC_INFO" >'${dir.path}/info'\n` +
      `printf '%s' '${credential}' | sed "s/@N/$N/"\n`,
    0o755,
  );
}

function withPlugin(
  command: string,
  more: Record<string, unknown> = {},
  now?: () => number,
): ContextCredentials {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1" as const,
    command,
    interactiveMode: "Never" as const,
    ...more,
  };
  return new ContextCredentials(
    { "server": "https://127.0.0.1:1", "certificate-authority-data": btoa(PEM) },
    { exec },
    { source: 'context "c", user "u"', now },
  );
}

Deno.test("ContextCredentials.get() keeps what it read when the file is away for a while", async () => {
  await using dir = await makeTempDir();
  const tokenFile = await dir.write("token", "one");
  let now = 0;
  const credentials = new ContextCredentials({}, { tokenFile }, { source: "s", now: () => now });
  const first = await credentials.get();
  await Deno.remove(tokenFile);
  now = FILE_TTL_MS;
  strictEqual(await credentials.get(), first);

  await dir.write("token", "two");
  now += FILE_RETRY_MS - 1;
  strictEqual(await credentials.get(), first);
  now += 1;
  strictEqual((await credentials.get()).authorization, "Bearer two");

  await Deno.remove(tokenFile);
  credentials.refresh();
  await rejects(credentials.get(), /Cannot use s: field "tokenFile": file ".*": not found/);
});

Deno.test("ContextCredentials.refresh() reads again at once, and once for many", async () => {
  await using dir = await makeTempDir();
  const tokenFile = await dir.write("token", "one");
  const credentials = new ContextCredentials({}, { tokenFile }, { source: "s", now: () => 0 });
  const first = await credentials.get();
  await dir.write("token", "two");
  credentials.refresh(first);
  const second = await credentials.get();
  strictEqual(second.authorization, "Bearer two");

  await dir.write("token", "three");
  credentials.refresh(first); // another request that was refused with the first
  strictEqual(await credentials.get(), second);
});

Deno.test("ContextCredentials.get() prefers tokenFile to token, and inline data to files", async () => {
  await using dir = await makeTempDir();
  const tokenFile = await dir.write("token", "from-file");
  const credentials = new ContextCredentials(
    {
      "certificate-authority": "/nowhere",
      "certificate-authority-data": btoa(PEM),
    },
    { token: "inline", tokenFile },
    { source: "s" },
  );
  deepStrictEqual(await credentials.get(), {
    authorization: "Bearer from-file",
    tls: { caCerts: [PEM] },
  });
});

Deno.test("ContextCredentials.get() reads client certificates from data and from files", async () => {
  await using dir = await makeTempDir();
  const cert = await dir.write("cert", PEM);
  const credentials = new ContextCredentials({}, {
    "client-certificate": cert,
    "client-key-data": btoa(KEY),
  }, { source: "s" });
  deepStrictEqual(await credentials.get(), { tls: { caCerts: [], cert: PEM, key: KEY } });
});

Deno.test("ContextCredentials.get() gives basic authentication", async () => {
  const user = { username: "jane", password: "s3cret" };
  const { authorization } = await new ContextCredentials({}, user, { source: "s" }).get();
  strictEqual(authorization, `Basic ${btoa("jane:s3cret")}`);
});

Deno.test({
  name: "ContextCredentials.get() runs an exec plugin once until it is refused",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const credentials = withPlugin(await writePlugin(dir, { token: "t-@N" }));
    const [first, same] = await Promise.all([credentials.get(), credentials.get()]);
    strictEqual(first, same);
    strictEqual(first.authorization, "Bearer t-1");
    strictEqual(await credentials.get(), first);
    credentials.refresh(first);
    credentials.refresh(first);
    const second = await credentials.get();
    strictEqual(second.authorization, "Bearer t-2");
    strictEqual(second.tls, first.tls);
  },
});

Deno.test({
  name: "ContextCredentials.get() runs an exec plugin again when what it gave has expired",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
    const plugin = await writePlugin(dir, { token: "t-@N", expirationTimestamp });
    let now = 0;
    const credentials = withPlugin(plugin, {}, () => now);
    strictEqual((await credentials.get()).authorization, "Bearer t-1");
    now = 3_500_000;
    strictEqual((await credentials.get()).authorization, "Bearer t-1");
    now = 3_600_000;
    strictEqual((await credentials.get()).authorization, "Bearer t-2");
  },
});

Deno.test({
  name: "ContextCredentials.get() does not run an exec plugin for each request when clocks differ",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const expirationTimestamp = new Date(Date.now() - 3_600_000).toISOString();
    const plugin = await writePlugin(dir, { token: "t-@N", expirationTimestamp });
    let now = 0;
    const credentials = withPlugin(plugin, {}, () => now);
    strictEqual((await credentials.get()).authorization, "Bearer t-1");
    strictEqual((await credentials.get()).authorization, "Bearer t-1");
    now = MIN_USE_MS;
    strictEqual((await credentials.get()).authorization, "Bearer t-2");
  },
});

Deno.test({
  name: "ContextCredentials.get() runs an exec plugin whose args and env are null",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const plugin = await writePlugin(dir, { token: "t-@N" });
    const credentials = withPlugin(plugin, { args: null, env: null });
    strictEqual((await credentials.get()).authorization, "Bearer t-1");
  },
});

Deno.test({
  name: "ContextCredentials.get() takes a client certificate from an exec plugin",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const plugin = await writePlugin(dir, {
      clientCertificateData: "-----BEGIN CERTIFICATE-----@N",
      clientKeyData: "-----BEGIN KEY-----",
    });
    const credentials = withPlugin(plugin, { provideClusterInfo: true });
    deepStrictEqual(await credentials.get(), {
      tls: {
        caCerts: [PEM],
        cert: "-----BEGIN CERTIFICATE-----1",
        key: "-----BEGIN KEY-----",
      },
    });
    const info = JSON.parse(await Deno.readTextFile(`${dir.path}/info`));
    strictEqual(info.spec.cluster.server, "https://127.0.0.1:1");
    strictEqual(atob(info.spec.cluster["certificate-authority-data"]), PEM);
  },
});

Deno.test({
  name: "ContextCredentials.get() tells what is the matter with an exec plugin",
  ignore: windows,
  async fn(t) {
    await using dir = await makeTempDir();
    const failing = await dir.write("failing", "#!/bin/sh\nexit 3\n", 0o755);
    const silent = await writePlugin(dir, {});
    const babbling = await dir.write("babbling", "#!/bin/sh\necho hello\n", 0o755);
    const cases: [string, ContextCredentials, RegExp][] = [
      [
        "not installed",
        withPlugin("no-such-plugin-here"),
        /exec plugin "no-such-plugin-here": .*not found/,
      ],
      [
        "with a hint",
        withPlugin("no-such-plugin-here", { installHint: "Get it\nthere" }),
        /: Get it$/,
      ],
      ["failing", withPlugin(failing), /exec plugin ".*\/failing": .*exited with code 3$/],
      ["silent", withPlugin(silent), /gave neither a token nor a certificate$/],
      ["babbling", withPlugin(babbling), /exec plugin ".*\/babbling": /],
    ];
    for (const [name, credentials, pattern] of cases) {
      await t.step(name, async () => {
        const error = await credentials.get().then(() => undefined, (error) => error);
        strictEqual(error?.name, "ConfigError");
        match(error.message, /^Cannot use context "c", user "u": exec plugin/);
        match(error.message, pattern);
      });
    }
  },
});

Deno.test({
  name: "ContextCredentials.get() tells the flag that an exec plugin needs",
  permissions: { run: false },
  async fn() {
    await rejects(
      withPlugin("aws").get(),
      /exec plugin "aws": Deno may not run it, start with --allow-run=aws$/,
    );
  },
});

Deno.test({
  name: "ContextCredentials.get() gives up waiting when the signal aborts",
  ignore: windows,
  async fn() {
    await using dir = await makeTempDir();
    const slow = await dir.write(
      "slow",
      `#!/bin/sh\nwhile [ ! -e '${dir.path}/go' ]; do :; done\necho '{}'\n`,
      0o755,
    );
    const credentials = withPlugin(slow);
    const controller = new AbortController();
    const waiting = credentials.get({ signal: controller.signal });
    const other = credentials.get();
    controller.abort(new Error("enough"));
    await rejects(waiting, /enough/);
    const refused = rejects(other, /did not print an ExecCredential/);
    await dir.write("go", "");
    await refused;
  },
});
