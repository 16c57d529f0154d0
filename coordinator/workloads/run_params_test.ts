import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract } from "../../messaging/mod.ts";
import { checkReplicas, checkRunParams, MAX_WORKLOAD_NAME } from "./run_params.ts";

/** A workload that is right. */
const RIGHT = { name: "worker", image: "worker:latest" };

Deno.test("checkRunParams() fills in namespace and replicas", () => {
  deepStrictEqual(checkRunParams(RIGHT, "team"), { ...RIGHT, namespace: "team", replicas: 1 });
  const given = { ...RIGHT, namespace: "other", replicas: 0 };
  deepStrictEqual(checkRunParams(given, "team"), given);
});

/** What is wrong, and the words of the message that say so. */
const WRONG: readonly [title: string, params: unknown, words: string[]][] = [
  ["no DNS label", { ...RIGHT, name: "Worker_1" }, ['"name" given "Worker_1"', "a DNS label"]],
  [
    "a name too long for pods",
    { ...RIGHT, name: "a".repeat(MAX_WORKLOAD_NAME + 1) },
    [`at most ${MAX_WORKLOAD_NAME} characters`],
  ],
  ["no name", { image: "a" }, ['"name" nothing was given']],
  ["an empty image", { ...RIGHT, image: "" }, ['"image" given ""', "an image reference"]],
  ["port 70000", { ...RIGHT, port: 70000 }, ['"port" given 70000', "an integer from 1 to 65535"]],
  ["port 0", { ...RIGHT, port: 0 }, ['"port" given 0']],
  ["a port as text", { ...RIGHT, port: "80" }, ['"port" given "80"']],
  ["negative replicas", { ...RIGHT, replicas: -1 }, [
    '"replicas" given -1',
    "an integer, 0 or more",
  ]],
  ["half a replica", { ...RIGHT, replicas: 1.5 }, ['"replicas" given 1.5']],
  ["an unknown field", { ...RIGHT, replica: 2 }, ['"replica" is no known field', '"replicas"']],
  [
    "an unknown pull policy",
    { ...RIGHT, imagePullPolicy: "Sometimes" },
    ['"imagePullPolicy" given "Sometimes"', '"Always", "IfNotPresent" or "Never"'],
  ],
  ["a reserved variable", { ...RIGHT, envs: { POD_IP: "1" } }, ['"envs.POD_IP" given "POD_IP"']],
  ["a variable of troupe's", { ...RIGHT, envs: { TROUPE_X: "1" } }, [
    '"envs.TROUPE_X" given "TROUPE_X"',
  ]],
  ["a variable named ..", { ...RIGHT, envs: { "..a": "1" } }, ['"envs...a" given']],
  ["a variable that is no text", { ...RIGHT, envs: { A: 1 } }, ['"envs.A" given a number']],
  [
    "a reserved label",
    { ...RIGHT, labels: { "troupe.dev/coordinator": "me" } },
    ['"labels.troupe.dev/coordinator" given "me"', "no name being"],
  ],
  [
    "another reserved label",
    { ...RIGHT, labels: { "app.kubernetes.io/name": "me" } },
    ['"labels.app.kubernetes.io/name" given "me"'],
  ],
  ["a label that is none", { ...RIGHT, labels: { a: "b c" } }, ['"labels.a" given "b c"']],
  ["a bad annotation", { ...RIGHT, annotations: { "a b": "" } }, ['"annotations.a b" given ""']],
  ["a namespace that is none", { ...RIGHT, namespace: "A" }, ['"namespace" given "A"']],
  ["a primitive of no kind", { ...RIGHT, primitives: ["mutex/a", "mutx/b"] }, [
    '"primitives.1" given "mutx/b"',
    '"<kind>/<name>"',
    "mutex",
  ]],
  ["a primitive of no name", { ...RIGHT, primitives: ["mutex"] }, ['"primitives.0" given "mutex"']],
  ["a primitive of a bad name", { ...RIGHT, primitives: ["mutex/A"] }, ['given "mutex/A"']],
  ["a primitive of a long name", { ...RIGHT, primitives: [`mutex/${"a".repeat(241)}`] }, [
    '"mutex/aa',
  ]],
  ["no primitives", { ...RIGHT, primitives: [] }, ['"primitives" given', "at least one"]],
  ["primitives for another's account", {
    ...RIGHT,
    primitives: ["mutex/a"],
    serviceAccount: "x",
  }, ['"primitives" and "serviceAccount" cannot both be given']],
  ["primitives without a token", { ...RIGHT, primitives: ["mutex/a"], automountToken: false }, [
    '"automountToken" cannot be false with "primitives"',
  ]],
  ["no object", undefined, ["nothing was given, allowed is an object"]],
  ["a null", { ...RIGHT, port: null }, ['"port" given null']],
];

for (const [title, params, words] of WRONG) {
  Deno.test(`checkRunParams() names the field when given ${title}`, () => {
    throws(() => checkRunParams(params as typeof RIGHT, "team"), (e: Error) => {
      ok(e instanceof TypeError);
      ok(e.message.startsWith("Cannot run workload: "), e.message);
      for (const word of words) ok(e.message.includes(word), `${word} in ${e.message}`);
      ok(!e.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("checkRunParams() names every bad field", () => {
  throws(
    () => checkRunParams({ name: "A", image: "", port: -1, replicas: -1 }, "team"),
    (e: Error) => {
      for (const field of ["name", "image", "port", "replicas"]) {
        ok(e.message.includes(`"${field}" given`), field);
      }
      return true;
    },
  );
});

Deno.test("checkRunParams() allows labels of one's own", () => {
  const labels = { "app.kubernetes.io/part-of": "shop", tier: "back", "example.com/x": "" };
  deepStrictEqual(checkRunParams({ ...RIGHT, labels }, "team").labels, labels);
});

Deno.test("checkReplicas() takes 0 and refuses what is no count", () => {
  strictEqual(checkReplicas(0), 0);
  throws(() => checkReplicas(NaN), {
    message: /^Cannot scale workload: "replicas" given NaN, allowed is an integer, 0 or more$/,
  });
});

Deno.test("checkRunParams() gives workers with a contract a port, and says what a contract is", () => {
  const greeter = contract("greeter", { greet: { input: z.string(), output: z.string() } });
  const base = { name: "w", image: "w:1" };
  strictEqual(checkRunParams({ ...base, contract: greeter }, "team").port, 8080);
  strictEqual(checkRunParams({ ...base, port: 9000, contract: greeter }, "team").port, 9000);
  strictEqual(checkRunParams(base, "team").port, undefined);
  throws(
    () => checkRunParams({ ...base, contract: "greeter" as unknown as typeof greeter }, "team"),
    { message: /"contract" given "greeter", allowed is a contract, as `contract\(\)` makes it/ },
  );
  throws(
    () => checkRunParams({ ...base, contract: { greet: {} } as unknown as typeof greeter }, "team"),
    { message: /"contract" given \{"greet":\{\}\}, allowed is a contract/ },
  );
});
