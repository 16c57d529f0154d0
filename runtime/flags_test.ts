import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { helpText, parseFlags, UsageError } from "./flags.ts";

const program = {
  name: "bake",
  summary: "Bakes.",
  flags: {
    size: {
      schema: z.string().regex(/^\d+$/).transform(Number).describe("an integer"),
      default: "3",
      value: "N",
      help: "how many",
    },
    "dough-kind": { schema: z.string().min(1).describe("a dough"), value: "KIND", help: "of what" },
  },
};

Deno.test("parseFlags() fills in defaults and leaves out what has none", () => {
  deepStrictEqual(parseFlags(program, []), { size: 3 });
});

Deno.test("parseFlags() takes values after a blank and after an equals sign", () => {
  deepStrictEqual(parseFlags(program, ["--size", "4", "--dough-kind=rye"]), {
    size: 4,
    "dough-kind": "rye",
  });
});

Deno.test("parseFlags() notices --help and -h wherever they stand", () => {
  strictEqual(parseFlags(program, ["--size", "x", "--help"]), "help");
  strictEqual(parseFlags(program, ["-h"]), "help");
});

const WRONG: readonly [args: string[], message: string][] = [
  [["--size", "big"], 'Cannot read flag --size: given "big", allowed is an integer'],
  [["--size"], 'Cannot read flag --size: given "", allowed is an integer'],
  [["--dough-kind="], 'Cannot read flag --dough-kind: given "", allowed is a dough'],
  [["--size=1", "--size=2"], "Cannot read flag --size: given 2 times, allowed once"],
  [["--oven"], 'Cannot read argument "--oven": allowed are --size, --dough-kind, --help'],
  [["-x"], 'Cannot read argument "-x": allowed are --size, --dough-kind, --help'],
  [["bread"], 'Cannot read argument "bread": allowed are --size, --dough-kind, --help'],
  [["--", "bread"], 'Cannot read argument "bread": allowed are --size, --dough-kind, --help'],
];

for (const [args, message] of WRONG) {
  Deno.test(`parseFlags() refuses ${args.join(" ")}`, () => {
    throws(() => parseFlags(program, args), (e: Error) => {
      strictEqual(e.message, message);
      return e instanceof UsageError;
    });
  });
}

Deno.test("helpText() explains every flag with its default", () => {
  strictEqual(
    helpText(program),
    [
      "Bakes.",
      "",
      "Usage: bake [flags]",
      "",
      "  --size N           how many (default: 3)",
      "  --dough-kind KIND  of what",
      "  -h, --help         print this text",
    ].join("\n"),
  );
});

const sift = {
  name: "sift",
  summary: "Sifts.",
  operands: "[-- flour]",
  flags: { fine: { switch: true, help: "sift twice" } },
} as const;

Deno.test("parseFlags() says of a switch whether it is given", () => {
  deepStrictEqual(parseFlags(sift, []), { fine: false });
  deepStrictEqual(parseFlags(sift, ["--fine"]), { fine: true });
  throws(() => parseFlags(sift, ["--fine", "flour"]), UsageError);
});

Deno.test("helpText() explains switches and what stands behind the flags", () => {
  strictEqual(
    helpText(sift),
    [
      "Sifts.",
      "",
      "Usage: sift [flags] [-- flour]",
      "",
      "  --fine      sift twice",
      "  -h, --help  print this text",
    ].join("\n"),
  );
});
