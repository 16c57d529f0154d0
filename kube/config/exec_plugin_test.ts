import { rejects } from "node:assert/strict";
import { ExecPlugin } from "./exec_plugin.ts";
import { makeTempDir, type TempDir } from "./testdata/temp_dir.ts";

const ignore = Deno.build.os === "windows";
const apiVersion = "client.authentication.k8s.io/v1" as const;

async function makePlugin(dir: TempDir, script: string): Promise<ExecPlugin> {
  const command = await dir.write("plugin", `#!/bin/sh\n${script}`, 0o755);
  return new ExecPlugin({ apiVersion, command }, { cluster: {}, now: () => 0 });
}

/** Resolves when `path` is there. */
async function written(dir: TempDir, name: string): Promise<void> {
  const watcher = Deno.watchFs(dir.path);
  const files = await Array.fromAsync(Deno.readDir(dir.path));
  if (files.some((it) => it.name === name)) return watcher.close();
  // leaving the loop closes it
  for await (const { paths } of watcher) if (paths.some((it) => it.endsWith(name))) return;
}

Deno.test({
  name: "ExecPlugin.get() terminates the program when the signal aborts",
  ignore,
  async fn() {
    await using dir = await makeTempDir();
    const plugin = await makePlugin(dir, `echo >'${dir.path}/started'\nexec sleep 600\n`);
    const controller = new AbortController();
    const got = rejects(plugin.get({ signal: controller.signal }), /no more/);
    await written(dir, "started");
    controller.abort(new Error("no more"));
    await got; // which is after the process has ended, or the test would leak it
  },
});

Deno.test({
  name: "ExecPlugin.get() does not wait for what the program has started, when the signal aborts",
  ignore,
  async fn() {
    await using dir = await makeTempDir();
    const plugin = await makePlugin(
      dir,
      `sleep 600 &\necho $! >'${dir.path}/pid'\nmv '${dir.path}/pid' '${dir.path}/started'\nwait\n`,
    );
    const controller = new AbortController();
    const got = rejects(plugin.get({ signal: controller.signal }), /no more/);
    await written(dir, "started");
    controller.abort(new Error("no more"));
    await got;
    Deno.kill(Number(await Deno.readTextFile(`${dir.path}/started`)), "SIGKILL");
  },
});

Deno.test({
  name: "ExecPlugin.get() says what is wrong with what the program prints",
  ignore,
  async fn(t) {
    const { signal } = new AbortController();
    const cases: [printed: unknown, pattern: RegExp][] = [
      ["hello", /did not print an ExecCredential/],
      [null, /did not print an ExecCredential/],
      [
        { kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1beta1", status: {} },
        /did not print an ExecCredential of "client\.authentication\.k8s\.io\/v1"$/,
      ],
      [{ kind: "ExecCredential", apiVersion }, /gave neither a token nor a certificate$/],
      [
        { kind: "ExecCredential", apiVersion, status: { token: 5 } },
        /bad ExecCredential: field "status\.token": /,
      ],
      [
        { kind: "ExecCredential", apiVersion, status: { token: "t", expirationTimestamp: "soon" } },
        /field "status\.expirationTimestamp": /,
      ],
      [
        { kind: "ExecCredential", apiVersion, status: { clientKeyData: "k" } },
        /field "status": clientCertificateData and clientKeyData must both be there/,
      ],
    ];
    for (const [printed, pattern] of cases) {
      await t.step(JSON.stringify(printed), async () => {
        await using dir = await makeTempDir();
        const plugin = await makePlugin(dir, `echo '${JSON.stringify(printed)}'\n`);
        await rejects(plugin.get({ signal }), pattern);
      });
    }
  },
});
