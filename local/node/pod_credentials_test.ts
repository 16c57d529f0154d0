import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ManualClock } from "./clock.ts";
import { PodCredentials } from "./pod_credentials.ts";

const POD: Pod = { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [] } };

/** An API server that answers by path; what it was asked is noted. */
async function scene(answers: Record<string, (clock: ManualClock) => [number, unknown]>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const errors: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const key = `${request.method} ${new URL(request.url).pathname.split("/").slice(5).join("/")}`;
    asked.push(key);
    const [status, body] = answers[key]?.(clock) ?? [404, { kind: "Status", status: "Failure" }];
    return Response.json(body, { status });
  });
  const client = new Transport(plainClusterConfig(`http://127.0.0.1:${server.addr.port}`));
  const dir = await Deno.makeTempDir();
  const credentials = new PodCredentials(client, {
    clock,
    kubeconfig: "/plain",
    onError: (error) => errors.push(error.message),
  });
  return {
    clock,
    asked,
    errors,
    dir,
    credentials,
    async [Symbol.asyncDispose]() {
      credentials[Symbol.dispose]();
      await client.close();
      await server.shutdown();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

const ACCOUNT = "GET serviceaccounts/default";
const TOKEN = "POST serviceaccounts/default/token";

function account(more = {}): [number, unknown] {
  return [200, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default" },
    ...more,
  }];
}

/** Tokens "t0", "t1", … that live for 100 s. */
function tokens(): (clock: ManualClock) => [number, unknown] {
  let count = 0;
  return (clock) => [201, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [] },
    status: {
      token: `t${count++}`,
      expirationTimestamp: new Date(clock.date().getTime() + 100_000).toISOString(),
    },
  }];
}

/** Resolves when the file's text is this. */
async function becomes(path: string, text: string): Promise<void> {
  const watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")));
  if (await Deno.readTextFile(path) === text) return watcher.close();
  for await (const _ of watcher) {
    if (await Deno.readTextFile(path).catch(() => "") === text) return;
  }
}

Deno.test("provide() writes a kubeconfig with a token that is renewed in place", async () => {
  await using at = await scene({ [ACCOUNT]: () => account(), [TOKEN]: tokens() });
  const path = await at.credentials.provide(POD, at.dir);
  strictEqual(path, `${at.dir}/credentials/kubeconfig`);
  const config = JSON.parse(await Deno.readTextFile(path!));
  const file = config.users[0].user.tokenFile;
  strictEqual(await Deno.readTextFile(file), "t0");
  strictEqual(config.contexts[0].context.namespace, "n");
  strictEqual(Deno.statSync(file).mode! & 0o777, 0o600);
  const renewed = becomes(file, "t1");
  await at.clock.advance(80_000);
  await renewed;
  at.credentials.release("u");
  await at.clock.advance(1_000_000);
  deepStrictEqual(at.asked, [ACCOUNT, TOKEN, TOKEN]);
});

Deno.test("provide() gives the plain kubeconfig where no token can be requested", async () => {
  await using at = await scene({ [ACCOUNT]: () => account() });
  strictEqual(await at.credentials.provide(POD, at.dir), "/plain");
  strictEqual(await at.credentials.provide(POD, at.dir), "/plain");
  deepStrictEqual(at.asked, [ACCOUNT, TOKEN]);
});

Deno.test("provide() gives nothing when pod or account do not want it", async () => {
  await using at = await scene({
    [ACCOUNT]: () => account({ automountServiceAccountToken: false }),
  });
  strictEqual(await at.credentials.provide(POD, at.dir), undefined);
  const pod = { ...POD, spec: { containers: [], automountServiceAccountToken: false } };
  strictEqual(await at.credentials.provide(pod, at.dir), undefined);
  deepStrictEqual(at.asked, [ACCOUNT]);
});

Deno.test("provide() rejects when the ServiceAccount is missing", async () => {
  await using at = await scene({});
  await rejects(
    at.credentials.provide(POD, at.dir),
    /^BlockedError: serviceaccount "default" not found$/,
  );
});
