import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { type CallPattern, type ReplyStep, ScriptedServer } from "../../testing/mod.ts";
import { plainClusterConfig } from "../config/mod.ts";
import { Transport } from "../transport/mod.ts";
import type { LoggedPod } from "./container_life.ts";
import { podLogs, type PodLogsOptions } from "./pod_logs.ts";

const TARGET = { namespace: "n", pod: "p" };
const PATH = "/api/v1/namespaces/n/pods/p/log";

/** Lines `from` to `to`, one each 100 ms. */
function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => {
    const at = new Date(Date.UTC(2030, 0, 1) + (from + i) * 100).toISOString();
    return `${at.replace("Z", "000001Z")} line ${from + i}\n`;
  }).join("");
}

const texts = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

function podIs(state: "waiting" | "running" | "ended", restarts = 0): Pod {
  const states = {
    waiting: { waiting: { reason: "ContainerCreating" } },
    running: { running: {} },
    ended: { terminated: { exitCode: 0 } },
  };
  return {
    metadata: { name: "p", uid: "u" },
    spec: { restartPolicy: "OnFailure", containers: [{ name: "c" }] },
    status: {
      containerStatuses: [{ name: "c", restartCount: restarts, state: states[state] }],
    },
  } as unknown as Pod;
}

/** Tells one state after the other, and then the last one for ever; each change is told at once. */
function states(...pods: (Pod | undefined)[]): LoggedPod {
  return {
    read: () => Promise.resolve(pods.length > 1 ? pods.shift() : pods[0]),
    changed: () => Promise.resolve(),
  };
}

const BODY = { status: 200, headers: { "content-type": "text/plain" } };

async function withServer(
  calls: [Partial<CallPattern>, ReplyStep[]][],
  test: (transport: Transport) => Promise<void>,
): Promise<void> {
  await using server = ScriptedServer.start();
  await using transport = new Transport(plainClusterConfig(server.url), { maxRetries: 0 });
  const expected = calls.map(([pattern, reply]) =>
    server.expect({ path: PATH, ...pattern }, reply)
  );
  await test(transport);
  deepStrictEqual(expected.map(({ count }) => count), expected.map(() => 1));
}

async function read(transport: Transport, options: Partial<PodLogsOptions>): Promise<string[]> {
  return await Array.fromAsync(podLogs(transport, { ...TARGET, ...options }), ({ text }) => text);
}

function refusal(code: number, message: string): ReplyStep[] {
  return [{ status: code, json: { kind: "Status", status: "Failure", code, message } }];
}

Deno.test("podLogs() asks for what it was told, and tells times only if wanted", () =>
  withServer([
    [{
      query: {
        timestamps: "true",
        container: "c",
        previous: "true",
        tailLines: "5",
        sinceTime: "2029-12-31T00:00:00.000Z",
        follow: undefined,
      },
    }, [BODY, { bytes: lines(0, 2) }, { bytes: "2030-01-01T00:00:01Z no end" }, "end"]],
    [{}, [BODY, { bytes: lines(0, 1) }, "end"]],
  ], async (transport) => {
    const since = new Date("2029-12-31T00:00:00Z");
    const options = { container: "c", previous: true, tailLines: 5, since };
    deepStrictEqual(await read(transport, options), [...texts(0, 2), "no end"]);
    deepStrictEqual(await Array.fromAsync(podLogs(transport, { ...TARGET, timestamps: true })), [
      { text: "line 0", time: new Date("2030-01-01T00:00:00.000Z") },
    ]);
  }));

Deno.test("podLogs() goes on from a second before the last line when it is cut", () =>
  withServer([
    [{ query: { follow: "true", sinceTime: undefined } }, [
      BODY,
      { bytes: lines(0, 25) + lines(25, 26).slice(0, 40) },
      "cut",
    ]],
    [{ query: { follow: "true", sinceTime: "2030-01-01T00:00:01.000Z" } }, [
      BODY,
      { bytes: lines(10, 40) },
      "cut",
    ]],
    [{ query: { follow: "true", sinceTime: "2030-01-01T00:00:02.000Z" } }, [
      BODY,
      { bytes: lines(20, 45) },
      "end",
    ]],
  ], async (transport) => {
    const state = states(podIs("running"), podIs("running"), podIs("ended"));
    deepStrictEqual(await read(transport, { follow: true, state }), texts(0, 45));
  }));

Deno.test("podLogs() reads what was not read of a container that was started again, then the new one", () =>
  withServer([
    [{ query: { follow: "true" } }, [BODY, { bytes: lines(0, 3) }, "cut"]],
    [{ query: { previous: "true", follow: undefined } }, [BODY, { bytes: lines(0, 6) }, "end"]],
    [{ query: { follow: "true" } }, [BODY, { bytes: lines(6, 9) }, "end"]],
  ], async (transport) => {
    const state = states(podIs("running"), podIs("running", 1), podIs("ended", 1));
    deepStrictEqual(await read(transport, { follow: true, state }), texts(0, 9));
  }));

Deno.test("podLogs() waits for a container that has not been started, if it is followed", () =>
  withServer([
    [{}, refusal(400, `container "c" in pod "p" is waiting to start: ContainerCreating`)],
    [{}, refusal(404, `pods "p" not found`)], // its node knows nothing of it yet
    [{}, [BODY, { bytes: lines(0, 1) }, "end"]],
    [{}, refusal(400, `container "c" in pod "p" is waiting to start: ContainerCreating`)],
  ], async (transport) => {
    const waiting = podIs("waiting");
    const state = states(waiting, waiting, waiting, waiting, waiting, podIs("ended"));
    deepStrictEqual(await read(transport, { follow: true, state }), texts(0, 1));
    await rejects(read(transport, {}), { name: "ApiError", httpCode: 400 });
  }));

Deno.test("podLogs() ends when the pod goes that it follows", () =>
  withServer([
    [{}, [BODY, { bytes: lines(0, 1) }, "end"]],
    [{}, [BODY, { bytes: lines(0, 1) }, "end"]],
    [{}, refusal(400, "is waiting to start: ErrImagePull")],
  ], async (transport) => {
    const gone = states(podIs("running"), undefined);
    deepStrictEqual(await read(transport, { follow: true, state: gone }), texts(0, 1));
    const other = { ...podIs("running"), metadata: { name: "p", uid: "other" } };
    const replaced = states(podIs("running"), other);
    deepStrictEqual(await read(transport, { follow: true, state: replaced }), texts(0, 1));
    const neverStarted = states(podIs("waiting"), undefined);
    deepStrictEqual(await read(transport, { follow: true, state: neverStarted }), []);
  }));

Deno.test("podLogs() follows on when a stream ends while the container runs", () =>
  withServer([
    [{}, [BODY, { bytes: lines(0, 2) }, "end"]],
    [{}, refusal(500, "the node cannot be reached")],
    [{}, [BODY, { bytes: lines(0, 4) }, "end"]],
  ], async (transport) => {
    const running = podIs("running");
    const state = states(running, running, running, running, running, podIs("ended"));
    deepStrictEqual(await read(transport, { follow: true, state }), texts(0, 4));
  }));

Deno.test("podLogs() replaces a connection that is silent for too long", () =>
  withServer([
    [{}, [BODY, { bytes: lines(0, 2) }, "stall"]],
    [{}, [BODY, { bytes: lines(0, 3) }, "end"]],
  ], async (transport) => {
    const state = states(podIs("running"), podIs("running"), podIs("ended"));
    const options = { follow: true, state, idleTimeout: 200 };
    deepStrictEqual(await read(transport, options), texts(0, 3));
  }));

Deno.test("podLogs() reads a cut log on, also when it is not followed", () =>
  withServer([
    [{ query: { tailLines: "10" } }, [BODY, { bytes: lines(10, 15) }, "cut"]],
    // what the tail left out is not handed on
    [{ query: { tailLines: undefined } }, [BODY, { bytes: lines(0, 20) }, "end"]],
  ], async (transport) => {
    deepStrictEqual(await read(transport, { tailLines: 10 }), texts(10, 20));
  }));

Deno.test("podLogs() leaves the connection when its reader does, and with its signal", async () => {
  await using server = ScriptedServer.start();
  await using transport = new Transport(plainClusterConfig(server.url));
  const reply: ReplyStep[] = [BODY, { bytes: lines(0, 3) }, "stall"];
  const state = states(podIs("running"));
  const first = server.expect({ path: PATH }, reply);
  for await (const { text } of podLogs(transport, { ...TARGET, follow: true, state })) {
    strictEqual(text, "line 0");
    break;
  }
  await first.left();
  const second = server.expect({ path: PATH }, reply);
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  let count = 0;
  await rejects(async () => {
    for await (const _ of podLogs(transport, { ...TARGET, follow: true, state, signal })) {
      if (++count === 3) controller.abort(reason);
    }
  }, reason);
  await second.left();
  await rejects(read(transport, { signal }), reason);
});

Deno.test("podLogs() looks for the pod by a list, and rejects with what is refused", async () => {
  await using server = ScriptedServer.start();
  await using transport = new Transport(plainClusterConfig(server.url), { maxRetries: 0 });
  server.expect(
    { path: "/api/v1/namespaces/n/pods", query: { fieldSelector: "metadata.name=p" } },
    [
      { status: 200, json: { kind: "PodList", apiVersion: "v1", metadata: {}, items: [] } },
    ],
  );
  server.expect({ path: PATH }, refusal(404, `pods "p" not found`));
  await rejects(read(transport, { follow: true }), { name: "ApiError", httpCode: 404 });
  server.expect({ path: PATH }, refusal(403, ""));
  const failure = await read(transport, { follow: true, state: states(podIs("running")) })
    .catch((error) => error);
  match(failure.message, /resources: \["pods\/log"\], verbs: \["get"\]/);
  const misuse = await read(transport, { follow: true, previous: true }).catch((error) => error);
  ok(misuse instanceof TypeError);
});
