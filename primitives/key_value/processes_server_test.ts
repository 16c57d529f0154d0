// A bucket that several processes change, of which one is killed.
import { ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { PrimitivesStage } from "../../tests/support/primitives_stage.ts";

const ADDER = fileURLToPath(new URL("./testdata/adder.ts", import.meta.url));
const LIMIT = { timeout: 20_000 };

Deno.test("KeyValue keeps what processes do in transactions, also of one that is killed", async () => {
  await using stage = await PrimitivesStage.start();
  const server = Deno.env.get("TROUPE_TEST_CLUSTER") === "1" ? "" : stage.config.server;
  const start = (name: string, times: number) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-check",
        ADDER,
        server,
        stage.namespace,
        name,
        `${times}`,
      ],
      stdout: "piped",
    }).spawn();
  const [a, b, killed] = [start("a", 60), start("b", 60), start("killed", 1_000)];
  await using stack = new AsyncDisposableStack();
  const kill = () => [a, b, killed].forEach((it) => it.kill("SIGKILL"));
  stack.adopt(setTimeout(kill, 60_000), (timer) => clearTimeout(timer));
  let printed = "";
  for await (const text of killed.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (printed.split("\n").length === 41) killed.kill("SIGKILL");
  }
  const [outcome] = await Promise.all([a.output(), b.output(), killed.status]);
  strictEqual(outcome.success, true);
  const added = printed.split("\n").length - 1;
  const sums = (await stage.primitives()).keyValue(
    "sums",
    z.object({ sum: z.int(), noise: z.string() }),
  );
  const found = new Map((await sums.list("", LIMIT)).map(({ key, value }) => [key, value.sum]));
  strictEqual(found.get("of/a"), 60);
  strictEqual(found.get("of/b"), 60);
  const theirs = found.get("of/killed")!;
  ok(theirs === added || theirs === added + 1, `${theirs} after ${added}`);
  strictEqual(found.get("total"), 120 + theirs);
  strictEqual(found.size, 4 + 120 + theirs);
});
