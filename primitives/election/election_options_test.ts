import { deepStrictEqual, match, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { checkElectionOptions, type ElectionOptions } from "./election_options.ts";

const lease = { namespace: "ns", name: "boss" };

Deno.test("checkElectionOptions() fills in times in proportion to the lease", () => {
  const times = (options: Partial<ElectionOptions>) => {
    const it = checkElectionOptions({ ...lease, ...options });
    return [it.leaseDuration, it.renewDeadline, it.renewInterval, it.requestTimeout];
  };
  deepStrictEqual(times({}), [8_000, 6_000, 2_000, 1_500]);
  deepStrictEqual(times({ leaseDuration: 60_000 }), [60_000, 45_000, 15_000, 11_250]);
  deepStrictEqual(times({ renewDeadline: 4_000 }), [8_000, 4_000, 2_000, 1_000]);
});

Deno.test("checkElectionOptions() gives each candidate another identity, and none that is empty", () => {
  const { identity } = checkElectionOptions(lease);
  match(identity, /^.+_[0-9a-f]{8}$/);
  notStrictEqual(checkElectionOptions(lease).identity, identity);
  strictEqual(checkElectionOptions({ ...lease, identity: "me" }).identity, "me");
});

const WRONG: readonly [Partial<ElectionOptions>, RegExp][] = [
  [{ leaseDuration: 1_500 }, /"leaseDuration" given 1500, allowed is .* whole seconds/],
  [{ leaseDuration: 0 }, /"leaseDuration" given 0, /],
  [{ name: "A" }, /"name" given "A", allowed is a DNS name/],
  [{ identity: "" }, /"identity" given "", /],
  [
    { renewDeadline: 8_000 },
    /^Cannot stand for election: "renewDeadline" is 8000, allowed is less than "leaseDuration", which is 8000$/,
  ],
  [{ requestTimeout: 6_000 }, /"requestTimeout" is 6000, allowed is less than "renewDeadline"/],
  [{ renewInterval: 7_000 }, /"renewInterval" is 7000, allowed is less than "renewDeadline"/],
  [{ clock: 1 as never }, /"clock" given 1, allowed is a Clock/],
];

for (const [options, message] of WRONG) {
  Deno.test(`checkElectionOptions() refuses ${JSON.stringify(options)}`, () => {
    throws(() => checkElectionOptions({ ...lease, ...options }), (e: Error) => {
      match(e.message, message);
      return e instanceof TypeError;
    });
  });
}
