import { strictEqual } from "node:assert/strict";

Deno.test("the supervisor ends on SIGTERM while it waits for an API server that says nothing", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  const kubeconfig = await Deno.makeTempFile();
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
  const main = new URL("./main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", main, "--kubeconfig", kubeconfig],
    stderr: "null",
  }).spawn();
  using _conn = await silent.accept(); // it waits for the answer to its first request
  child.kill("SIGTERM");
  const { code } = await child.status;
  strictEqual(code, 0);
  await Deno.remove(kubeconfig);
});
