import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { Hears } from "./check_frame.ts";
import { MessageReader, type ReaderLimits } from "./message_reader.ts";
import { isDeeper, isLonger } from "./bounds.ts";

function refuses(
  message: string,
  code: string,
  told: RegExp,
  { hears = "both", ...limits }: ReaderLimits & { hears?: Hears } = {},
): void {
  throws(() => new MessageReader(hears, limits).read(message, 0), { code, message: told });
}

const part = (of: number, text: string, last?: true) => ({ t: "part", of, text, last });

Deno.test("MessageReader.read() returns every kind of frame as it was said", () => {
  const frames = [
    {
      t: "call",
      id: 1,
      method: "m",
      input: { a: [1] },
      timeout: 1.5,
      credit: 1,
      key: "k",
      attempt: 0,
    },
    { t: "call", id: 2, method: "m", fromALaterVersion: true },
    { t: "tell", method: "m", input: null },
    { t: "cancel", id: 1 },
    { t: "more", id: 1, credit: 5 },
    { t: "seen", ids: [1, 2] },
    { t: "resume", calls: [{ id: 1 }, { id: 2, items: 4 }] },
    { t: "heard", n: 5 },
    { t: "roster", workers: [{ name: "a", uid: "b", index: 0, address: "::1", port: 80 }] },
    { t: "keys", jwe: "x" },
    { t: "done", id: 1, output: 1 },
    { t: "failed", id: 1, kind: "method", message: "", code: "full", data: [] },
    { t: "item", id: 1, n: 1, item: "x" },
    { t: "unknown", ids: [] },
    { t: "event", n: 1, event: "e", data: 1 },
    { t: "drain" },
    { t: "keyed", kid: "k" },
    { t: "ping", n: 0 },
    { t: "pong", n: 0 },
    { t: "bye", code: "stopping", message: "m" },
  ];
  deepStrictEqual<unknown>(new MessageReader("both").read(JSON.stringify(frames), 0), frames);
});

Deno.test("MessageReader.read() puts parts together, of several frames at once", () => {
  const reader = new MessageReader("both");
  const [one, two] = ['{"t":"tell","method":"é"}', '{"t":"drain"}'];
  deepStrictEqual(
    reader.read(JSON.stringify([part(1, one!.slice(0, 9)), part(2, two!.slice(0, 3))]), 0),
    [],
  );
  const rest = [part(2, two!.slice(3), true), { t: "ping", n: 1 }, part(1, one!.slice(9), true)];
  deepStrictEqual<unknown>(reader.read(JSON.stringify(rest), 0), [
    { t: "drain" },
    { t: "ping", n: 1 },
    { t: "tell", method: "é" },
  ]);
});

Deno.test("MessageReader.read() names the field when a frame is wrong", () => {
  const wrong: [string, RegExp][] = [
    ["", /no JSON/],
    ["{}", /no JSON array/],
    ["[1]", /no object/],
    ["[[]]", /no object/],
    ['[{"t":"constructor"}]', /unknown type "constructor"/],
    ['[{"t":{}}]', /unknown type of type object/],
    ['[{"t":"call","id":1}]', /"method" of a frame "call"/],
    ['[{"t":"call","id":-1,"method":"m"}]', /"id"/],
    ['[{"t":"call","id":1.5,"method":"m"}]', /"id"/],
    ['[{"t":"call","id":1,"method":"m","timeout":null}]', /"timeout"/],
    ['[{"t":"call","id":1,"method":"m","credit":"1"}]', /"credit"/],
    [`[{"t":"tell","method":"${"m".repeat(129)}"}]`, /"method"/],
    ['[{"t":"seen","ids":[1,"2"]}]', /"ids"/],
    ['[{"t":"resume","calls":[{"id":1,"items":-1}]}]', /"calls"/],
    ['[{"t":"roster","workers":[{"name":"x"}]}]', /"workers"/],
    ['[{"t":"failed","id":1,"kind":"bad","message":""}]', /"kind".*handler/],
    ['[{"t":"bye","code":"bad","message":""}]', /"code"/],
    ['[{"t":"part","of":1,"text":"","last":false}]', /"last"/],
    ['[{"t":"part","of":1,"text":""}]', /empty/],
    ['[{"t":"part","of":1,"text":"x","last":true}]', /no JSON/],
    [JSON.stringify([part(1, JSON.stringify(part(2, "")), true)]), /part of a part/],
  ];
  for (const [message, told] of wrong) refuses(message, "protocol", told);
});

Deno.test("MessageReader.read() takes each side's frames only from that side", () => {
  refuses('[{"t":"drain"}]', "protocol", /"drain" is not for this side/, { hears: "caller" });
  refuses('[{"t":"cancel","id":1}]', "protocol", /"cancel"/, { hears: "callee" });
  refuses('[{"t":"keys","jwe":""}]', "protocol", /"keys"/, { hears: "callee" });
  for (const hears of ["caller", "callee"] as const) {
    strictEqual(new MessageReader(hears).read('[{"t":"ping","n":1}]', 0).length, 1);
  }
});

Deno.test("MessageReader.read() names the limit when there is too much", () => {
  refuses(`["${"é".repeat(50)}"]`, "limit", /more than 100 bytes/, { messageBytes: 100 });
  refuses(`${"[".repeat(500_000)}${"]".repeat(500_000)}`, "limit", /more than 128 lists/);
  const deep = `${"[".repeat(126)}${"]".repeat(126)}`;
  const fits = `[{"t":"tell","method":"m","input":${deep}}]`;
  strictEqual(new MessageReader("both").read(fits, 0).length, 1);
  refuses(`[{"t":"tell","method":"m","input":[${deep}]}]`, "limit", /more than 128/);
  const whole = `{"t":"tell","method":"m","input":[${deep}]}`;
  refuses(JSON.stringify([part(1, whole, true)]), "limit", /more than 127/);
  const many = [1, 2, 3, 4, 5].map((of) => part(of, "x"));
  refuses(JSON.stringify(many), "limit", /more than 4 long frames/);
  refuses(JSON.stringify([part(1, "xxx"), part(1, "xxx")]), "limit", /more than 5 bytes/, {
    frameBytes: 5,
  });
});

Deno.test("MessageReader.read() bounds the frames of a second, not those of a standstill", () => {
  const reader = new MessageReader("both", { framesPerSecond: 100, framesBurst: 200 });
  const message = JSON.stringify(Array(100).fill({ t: "ping", n: 1 }));
  reader.read(message, 0);
  reader.read(message, 0);
  reader.read(message, 1_000);
  reader.read(message, 60_000);
  reader.read(message, 60_000);
  throws(() => reader.read(message, 60_500), { code: "limit", message: /more than 100 frames/ });
});

Deno.test("isDeeper() looks into lists and objects", () => {
  for (const [value, depth] of [[1, 0], [null, 0], [[], 1], [{ a: 1 }, 1], [[1, { a: [] }], 3]]) {
    strictEqual(isDeeper(value, depth as number), false);
    if (depth as number > 0) strictEqual(isDeeper(value, depth as number - 1), true);
  }
});

Deno.test("isLonger() counts bytes of UTF-8", () => {
  for (const text of ["", "abc", "é".repeat(5), "€".repeat(5), "😀".repeat(5)]) {
    const { length } = new TextEncoder().encode(text);
    strictEqual(isLonger(text, length), false);
    strictEqual(isLonger(text, length - 1), true);
  }
});
