import { deepStrictEqual, throws } from "node:assert/strict";
import { parseArgs } from "@std/cli";
import { parseArgs as sameParseArgs } from "@std/cli/parse-args";
import { parseArgs as standIn } from "./parse_args.ts";

/** Fails to compile if the types differ. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("parseArgs() reads long and short options", () => {
  deepStrictEqual(parseArgs(["--foo", "--bar=baz", "./quux.txt", "-n", "5", "-abc", "x"]), {
    foo: true,
    bar: "baz",
    n: 5,
    a: true,
    b: true,
    c: "x",
    _: ["./quux.txt"],
  });
});

Deno.test("parseArgs() gives known options their types", () => {
  const args = parseArgs(["--name", "8", "--verbose", "pos", "--tag", "a", "--tag=b"], {
    boolean: ["verbose", "quiet"],
    string: ["name", "tag", "absent"],
    collect: ["tag"],
  });
  const name: Same<typeof args.name, string | undefined> = true;
  const verbose: Same<typeof args.verbose, boolean> = true;
  const tag: Same<typeof args.tag, string[]> = true;
  const rest: Same<typeof args._, (string | number)[]> = true;
  deepStrictEqual([name, verbose, tag, rest], [true, true, true, true]);
  deepStrictEqual(args, {
    name: "8",
    verbose: true,
    quiet: false,
    tag: ["a", "b"],
    _: ["pos"],
  });
});

Deno.test("parseArgs() fills in defaults and makes them required", () => {
  const args = parseArgs(["-n", "ns"], {
    string: ["namespace", "image"],
    boolean: ["keep"],
    alias: { namespace: "n" },
    default: { namespace: "default", image: "worker:latest", port: 8086 },
  });
  const image: Same<typeof args.image, string> = true;
  const n: Same<typeof args.n, string> = true;
  const port: Same<typeof args.port, unknown> = true;
  deepStrictEqual([image, n, port], [true, true, true]);
  deepStrictEqual(args, {
    namespace: "ns",
    n: "ns",
    image: "worker:latest",
    port: 8086,
    keep: false,
    _: [],
  });
});

Deno.test("parseArgs() negates and keeps what follows --", () => {
  const args = parseArgs(["--no-color", "a", "--no-other", "--", "-x", "5"], {
    boolean: ["color", "no-other"],
    negatable: ["color"],
    default: { color: true },
    "--": true,
  });
  const rest: Same<(typeof args)["--"], string[]> = true;
  deepStrictEqual(rest, true);
  deepStrictEqual(args, { color: false, "no-other": true, _: ["a"], "--": ["-x", "5"] });
  deepStrictEqual(parseArgs(["a", "--", "5"]), { _: ["a", "5"] });
});

Deno.test("parseArgs() reports what it does not know", () => {
  const told: unknown[] = [];
  const args = parseArgs(["--known", "--bad=1", "-q", "pos"], {
    boolean: ["known"],
    unknown: (...parts) => {
      told.push(parts);
      return false;
    },
  });
  deepStrictEqual(args, { known: true, _: [] });
  deepStrictEqual(told, [["--bad=1", "bad", "1"], ["-q", "q", "pos"]]);
});

Deno.test("parseArgs() stops at the first argument if told so", () => {
  deepStrictEqual(parseArgs(["--a", "1", "task", "--b", "2"], { stopEarly: true }), {
    a: 1,
    _: ["task", "--b", "2"],
  });
});

Deno.test("parseArgs() refuses an alias without a value", () => {
  throws(() => parseArgs([], { alias: { a: undefined } }), TypeError);
});

Deno.test("parseArgs() sets no prototype", () => {
  parseArgs(["--__proto__.polluted", "1", "--constructor.prototype.polluted", "1"]);
  deepStrictEqual(Reflect.get({}, "polluted"), undefined);
});

// Beside the real package this compares two implementations, else one with itself.
Deno.test("parseArgs() does as the package does on random command lines", () => {
  const random = seeded(20260731);
  const parsers = [standIn, sameParseArgs] as unknown as ((a: string[], o: unknown) => unknown)[];
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const some = <T>(items: readonly T[]): T[] => items.filter(() => random() < 0.4);
  const words = ["--foo", "--bar=1", "--no-foo", "--no-bar", "-a", "-ab", "-abc5", "-b=x", "-n-1"];
  words.push("true", "false", "5", "0x1f", "1e3", "", " ", "text", "-", "--", "--foo=", "--no-");
  words.push(
    "--x.y",
    "--x.y.z=1",
    "-a-",
    "-a=",
    "-a/b",
    "-f-x",
    "--foo=false",
    "---z",
    "--=",
    "-5",
  );
  const names = ["foo", "bar", "a", "b", "c", "n", "x.y", "no-foo", "_"];
  for (let run = 0; run < 5_000; run++) {
    const args = Array.from({ length: Math.floor(random() * 6) }, () => pick(words));
    const options = {
      boolean: random() < 0.1 ? true : some(names),
      string: some(names),
      collect: some(names),
      negatable: some(names),
      alias: random() < 0.4 ? { foo: pick(["a", "f"]), bar: ["b", "baz"] } : {},
      default: random() < 0.4 ? { foo: pick([1, "one", false]), "x.y": 5 } : {},
      stopEarly: random() < 0.2,
      "--": random() < 0.3,
    };
    const told: unknown[][] = [[], []];
    const results = parsers.map((parse, index) => {
      const unknown = (...parts: unknown[]) => told[index]!.push(parts) % 3 > 0;
      try {
        return parse(args, { ...options, unknown });
      } catch (error) {
        return (error as Error).name;
      }
    });
    const about = JSON.stringify({ args, options });
    deepStrictEqual(results[0], results[1], about);
    deepStrictEqual(told[0], told[1], about);
  }
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
