import { strictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract } from "../contract/contract.ts";
import { isMethodError, methodError } from "./method_error.ts";

const shop = contract("shop", {
  buy: {
    input: z.string(),
    errors: { soldOut: z.object({ until: z.string() }), tooDear: z.object({ price: z.number() }) },
  },
});

Deno.test("isMethodError() tells a method's errors apart, and the type of what each carries", () => {
  const error: unknown = methodError(shop, "buy", "tooDear", { price: 3 });
  strictEqual(isMethodError(error, shop, "buy", "soldOut"), false);
  if (!isMethodError(error, shop, "buy", "tooDear")) throw error;
  strictEqual(error.data.price.toFixed(2), "3.00");
});

Deno.test("methodError() refuses data that does not fit, as does the compiler", () => {
  // @ts-expect-error: that is what the other error carries
  throws(() => methodError(shop, "buy", "tooDear", { until: "Monday" }), /its data does not fit/);
  // @ts-expect-error: there is no such error
  throws(() => methodError(shop, "buy", "stolen", {}), /does not name it/);
});
