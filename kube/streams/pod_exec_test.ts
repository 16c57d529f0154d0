import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { ApiError, ConnectionError } from "../transport/mod.ts";
import { podExec, type PodExecOptions } from "./pod_exec.ts";
import { podExecStream } from "./pod_exec_stream.ts";
import { exitStatus, startExecServer } from "./testdata/exec_server.ts";

const TARGET = { namespace: "n", pod: "p", command: ["ls", "-l a"] };
const utf8 = new TextDecoder();

Deno.test("podExec() takes the outputs apart, and asks for what it was told", async () => {
  let asked = "";
  await using server = startExecServer(({ send, end, url }) => {
    asked = url.pathname + url.search;
    for (const channel of [1, 2, 3]) send(channel); // servers say so that a channel is open
    send(1, "ein ü".slice(0, 4));
    send(2, "oh");
    send(1, new TextEncoder().encode("ü").subarray(0, 1));
    send(1, new TextEncoder().encode("ü").subarray(1));
    end(exitStatus(7));
  });
  const result = await podExec(server.transport, { ...TARGET, container: "c" });
  deepStrictEqual(result, { exitCode: 7, stdout: "ein ü", stderr: "oh" });
  strictEqual(
    asked,
    "/api/v1/namespaces/n/pods/p/exec?command=ls&command=-l+a&container=c&stdout=true&stderr=true",
  );
});

Deno.test("podExec() passes stdin on to its end", async () => {
  const sources: PodExecOptions["stdin"][] = [
    "abc",
    new TextEncoder().encode("abc"),
    ReadableStream.from([new TextEncoder().encode("a"), new TextEncoder().encode("bc")]),
  ];
  await using server = startExecServer(async ({ messages, came, end, url }) => {
    strictEqual(url.searchParams.get("stdin"), "true");
    while (messages.at(-1)?.[0] !== 255) await came(messages.length + 1);
    const stdin = messages.filter(([channel]) => channel === 0).flatMap((m) => [...m.subarray(1)]);
    deepStrictEqual(messages.at(-1), Uint8Array.of(255, 0));
    end(exitStatus(utf8.decode(Uint8Array.from(stdin)) === "abc" ? 0 : 1));
  });
  for (const stdin of sources) {
    strictEqual((await podExec(server.transport, { ...TARGET, stdin })).exitCode, 0);
  }
});

Deno.test("podExec() takes the end of a command that did not read its stdin", async () => {
  let canceled = false;
  const stdin = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Uint8Array.of(1)),
    cancel: () => void (canceled = true),
  });
  await using server = startExecServer(async ({ came, end }) => {
    await came(1);
    end(exitStatus(0));
  });
  strictEqual((await podExec(server.transport, { ...TARGET, stdin })).exitCode, 0);
  ok(canceled);
});

Deno.test("podExec() rejects with what its stdin failed with", async () => {
  const reason = new Error("no more");
  const stdin = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(reason) });
  await using server = startExecServer(() => {});
  await rejects(podExec(server.transport, { ...TARGET, stdin }), reason);
});

Deno.test("podExec() says so when an old server cannot pass on the end of stdin", async () => {
  await using server = startExecServer(() => {}, "v4.channel.k8s.io");
  await rejects(podExec(server.transport, { ...TARGET, stdin: "a" }), {
    name: "NotSupportedError",
    message: `Cannot end stdin: the server speaks "v4.channel.k8s.io", which cannot tell it`,
  });
});

Deno.test("podExec() rejects with an ApiError when the command could not be run", async () => {
  const statuses = [
    { status: "Failure", reason: "NotFound", code: 404, message: "container gone" },
    { status: "Failure", reason: "InternalError", code: 500, message: "no such file" },
  ];
  await using server = startExecServer(({ end }) => end(statuses.shift()));
  const first = await podExec(server.transport, TARGET).catch((error) => error);
  ok(first instanceof ApiError);
  deepStrictEqual([first.httpCode, first.reason, first.resource], [404, "NotFound", "pods/exec"]);
  strictEqual(first.message, `Cannot exec in pod "p" in namespace "n": container gone`);
  await rejects(podExec(server.transport, { ...TARGET, container: "c" }), {
    message: `Cannot exec in container "c" of pod "p" in namespace "n": no such file`,
  });
});

Deno.test("podExec() rejects with a ConnectionError when the connection ends before the command", async () => {
  await using server = startExecServer(({ send, socket }) => {
    send(1, "half");
    socket.close(1000);
  });
  const failure = await podExec(server.transport, TARGET).catch((error) => error);
  ok(failure instanceof ConnectionError);
  match(failure.message, /pod "p" in namespace "n": the connection ended before the command did$/);
});

Deno.test("podExec() ends the connection when its time is over, and with its signal", async () => {
  const lefts: Promise<void>[] = [];
  const started: (() => void)[] = [];
  await using server = startExecServer(({ left }) => {
    lefts.push(left);
    started.shift()!();
  });
  {
    const opened = new Promise<void>((resolve) => started.push(resolve));
    using time = new FakeTime();
    const running = podExec(server.transport, { ...TARGET, timeout: 5_000 }).catch((e) => e);
    await opened;
    await time.tickAsync(5_000);
    const failure = await running;
    ok(failure instanceof ConnectionError && failure.timedOut);
    match(failure.message, /it did not end within 5000 ms$/);
    await lefts[0];
  }
  const controller = new AbortController();
  const opened = new Promise<void>((resolve) => started.push(resolve));
  const reason = new Error("enough");
  const failing = rejects(
    podExec(server.transport, { ...TARGET, signal: controller.signal, stdin: "x" }),
    reason,
  );
  await opened;
  controller.abort(reason);
  await failing;
  await lefts[1];
});

Deno.test("podExec() rejects when an output is too long", async () => {
  let left: Promise<void> | undefined;
  await using server = startExecServer((played) => {
    left = played.left;
    played.send(1, new Uint8Array(2_000));
  });
  await rejects(podExec(server.transport, { ...TARGET, maxOutput: 1_000 }), {
    name: "RangeError",
    message: `Cannot exec in pod "p" in namespace "n": its stdout has more than 1000 bytes`,
  });
  await left;
});

Deno.test("podExec() refuses an empty command", async () => {
  await using server = startExecServer(() => {});
  await rejects(podExec(server.transport, { ...TARGET, command: [] }), TypeError);
  strictEqual(server.transport.stats.requests, 0);
});

Deno.test("podExecStream() makes the server wait while an output is not read", async () => {
  const chunk = new Uint8Array(64 * 1024);
  const total = 20 * 1024 * 1024;
  let sent = 0;
  let stuck = () => {};
  const waiting = new Promise<void>((resolve) => stuck = resolve);
  await using server = startExecServer(async ({ send, end, socket }) => {
    for (; sent < total; sent += chunk.length) {
      for (let looks = 0; socket.bufferedAmount > 256 * 1024; looks++) {
        if (looks === 20) stuck(); // the client reads no more
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      send(1, chunk);
    }
    end(exitStatus(0));
  });
  const { stdout, stderr, status } = await podExecStream(server.transport, TARGET);
  await waiting;
  // the systems at both ends take some MiB
  ok(sent < total, `${sent} bytes were sent to a client that read nothing`);
  let read = 0;
  for await (const bytes of stdout) read += bytes.length;
  strictEqual(read, total);
  deepStrictEqual(await status, { exitCode: 0 });
  strictEqual(await new Response(stderr).text(), "");
});

Deno.test("podExecStream() throws away an output that was canceled", async () => {
  await using server = startExecServer(({ send, end }) => {
    for (let i = 0; i < 100; i++) send(2, new Uint8Array(64 * 1024));
    send(1, "done");
    end(exitStatus(0));
  });
  const { stdout, stderr } = await podExecStream(server.transport, TARGET);
  await stderr.cancel();
  strictEqual(await new Response(stdout).text(), "done");
});

Deno.test("podExecStream() fails its outputs when the connection breaks, also one that waits for its reader", async () => {
  await using server = startExecServer(({ send }) => {
    for (let i = 0; i < 100; i++) send(1, new Uint8Array(64 * 1024));
  });
  const controller = new AbortController();
  const { stdout, stderr, status } = await podExecStream(server.transport, {
    ...TARGET,
    signal: controller.signal,
  });
  const reason = new Error("broken");
  const reader = stdout.getReader();
  await reader.read();
  controller.abort(reason);
  await rejects(status, reason);
  await rejects(stderr.getReader().read(), reason);
});

Deno.test("podExecStream() ends an output that the server closes", async () => {
  await using server = startExecServer(async ({ send, end, came }) => {
    send(1, "all");
    send(255, Uint8Array.of(1));
    await came(1);
    end(exitStatus(0));
  });
  const streams = await podExecStream(server.transport, { ...TARGET, stdin: true });
  strictEqual(await new Response(streams.stdout).text(), "all");
  await streams.stdin.getWriter().write(Uint8Array.of(1));
  deepStrictEqual(await streams.status, { exitCode: 0 });
});
