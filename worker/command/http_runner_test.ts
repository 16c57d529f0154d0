import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { CommandError } from "./command_error.ts";
import { type HttpOptions, HttpRunner } from "./http_runner.ts";
import { line, shell, task, type Told } from "./testdata/shell.ts";

const PROGRAM = new URL("testdata/http_program.ts", import.meta.url).pathname;

function told(): Told {
  return { exits: [], lines: [] };
}

function options(seen: Told, fetchers = 1): HttpOptions {
  return {
    ...shell("", seen),
    command: [Deno.execPath(), "run", "--quiet", "--no-check", "-A", PROGRAM, String(fetchers)],
    onHopeless: (error) => {
      throw error;
    },
  };
}

Deno.test("run() gives tasks to a program that fetches them", async () => {
  const seen = told();
  const runner = new HttpRunner(options(seen, 2));
  const results = await Promise.all(
    ["a", "b", "c"].map((say) => runner.run(task({ do: "echo", say }))),
  ) as { pid: number; said: string }[];
  deepStrictEqual(results.map(({ said }) => said), ["a", "b", "c"]);
  strictEqual(new Set(results.map(({ pid }) => pid)).size, 1);
  await rejects(runner.run(task({ do: "fail" })), (error: CommandError) => {
    strictEqual(error.code, "failed");
    deepStrictEqual(error.data, { message: "no luck", data: [1] });
    return true;
  });
  await runner.close();
  strictEqual(seen.exits.length, 1);
});

Deno.test("run() takes neither what is no JSON nor what nobody asked for", async () => {
  const seen = told();
  const runner = new HttpRunner(options(seen));
  strictEqual(await runner.run(task({ do: "babble" })), 1);
  await runner.run(task({ do: "echo" })); // by now it has said how the last answer was taken
  deepStrictEqual(seen.lines.slice(0, 4), [
    "up",
    "task 400 the body is no JSON",
    "none 404 nobody waits for this task",
    "task 204",
  ]);
  await runner.close();
});

Deno.test("run() rejects when the program dies with the task, and goes on with the next one", async () => {
  const seen = told();
  // when the one fetcher dies, the other one waits for a task, and must not get the next one
  const runner = new HttpRunner({ ...options(seen, 2), restartWait: () => 0 });
  const fatal = task({ do: "die" });
  await rejects(runner.run(fatal), (error: CommandError) => {
    strictEqual(error.code, "died");
    return true;
  });
  const { said } = await runner.run(task({ do: "echo", say: "again" })) as { said: string };
  strictEqual(said, "again");
  deepStrictEqual(seen.exits[0], {
    exit: { code: 5, signal: null, stderr: "up\ndying" },
    tasks: [fatal.id],
  });
  await runner.close();
});

Deno.test("run() rejects when the result is too long", async () => {
  const runner = new HttpRunner({ ...options(told()), maxOutput: 100 });
  await rejects(runner.run(task({ do: "echo", say: "x".repeat(200) })), (error: CommandError) => {
    strictEqual(error.code, "output");
    strictEqual(error.message, "Cannot take the result: it sent more than 100 bytes");
    return true;
  });
  await runner.close();
});

Deno.test("run() lets a program live that answers a canceled task within the grace", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const fifo = `${dir}/fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    const seen = told();
    const given = options(seen);
    const waiting = line(given, "waiting");
    const runner = new HttpRunner(given);
    const canceled = new AbortController();
    const running = rejects(runner.run(task({ do: "wait", fifo }, canceled.signal)), /enough/);
    await waiting;
    canceled.abort(new Error("enough"));
    await Deno.writeTextFile(fifo, "go\n");
    await running;
    await runner.run(task({ do: "echo" }));
    deepStrictEqual(seen.lines.slice(0, 3), [
      "up",
      "waiting",
      "task 404 nobody waits for this task",
    ]);
    deepStrictEqual(seen.exits, []);
    await runner.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("run() ends a program that does not answer a canceled task within the grace", async () => {
  const seen = told();
  const given = { ...options(seen), grace: 50, restartWait: () => 0 };
  const hanging = line(given, "hanging");
  const runner = new HttpRunner(given);
  const canceled = new AbortController();
  const stuck = task({ do: "hang" }, canceled.signal);
  const running = rejects(runner.run(stuck), /enough/);
  await hanging;
  canceled.abort(new Error("enough"));
  await running;
  deepStrictEqual(seen.exits.map(({ exit, tasks }) => [exit.signal, tasks]), [
    ["SIGTERM", [stuck.id]],
  ]);
  await runner.run(task({ do: "echo" }));
  await runner.close();
});

Deno.test("HttpRunner gives nothing to who does not know the address, and little to who does", async () => {
  const seen = told();
  const given = {
    ...shell(`echo "$TROUPE_TASKS_URL" >&2; echo up >&2; exec sleep 1000`, seen),
    onHopeless: () => {},
  };
  const up = line(given, "up");
  const runner = new HttpRunner(given);
  await up;
  const url = seen.lines[0]!;
  const { origin, hostname } = new URL(url);
  strictEqual(hostname, "127.0.0.1");
  const requests: [url: string, method: string, status: number][] = [
    [origin, "GET", 404],
    [`${origin}/1`, "POST", 404],
    [`${url}0`, "GET", 404],
    [`${url}/1/error/more`, "POST", 404],
    [`${url}/1/other`, "POST", 404],
    [url, "POST", 405],
    [`${url}/1`, "GET", 405],
  ];
  for (const [url, method, status] of requests) {
    const response = await fetch(url, { method });
    await response.body?.cancel();
    strictEqual(response.status, status, `${method} ${url}`);
  }
  const asked = runner.run(task("only"));
  const { id, input } = await (await fetch(url)).json();
  strictEqual(input, "only");
  await fetch(`${url}/${id}`, { method: "POST" });
  strictEqual(await asked, null);
  const waiting = fetch(url).then(async (response) => [response.status, await response.text()]);
  await fetch(`${url}0`).then((response) => response.body?.cancel()); // the one before is held by now
  const [[status]] = await Promise.all([waiting, runner.close()]);
  strictEqual(status, 410);
});

Deno.test("HttpRunner hands tasks back when it gives up on the program", async () => {
  const { promise, resolve } = Promise.withResolvers<Error>();
  const runner = new HttpRunner({ ...shell(`exit 7`), onHopeless: resolve, restartWait: () => 0 });
  const waiting = rejects(runner.run(task(1)), (error: CommandError) => error.code === "gone");
  await Promise.all([promise, waiting]);
  await rejects(runner.run(task(2)), (error: CommandError) => error.code === "gone");
  await runner.close();
});
