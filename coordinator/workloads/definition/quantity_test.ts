import { strictEqual, throws } from "node:assert/strict";
import { canonicalQuantity as serverForm } from "../../../local/apiserver/schema/quantity.ts";
import { canonicalQuantity, sameQuantity } from "./quantity.ts";

const AMOUNTS = [
  ...["0", "1", "0.5", "100m", "1000m", "1500m", "1.5", "2k", "1024k", "64M", "1e3"],
  ...["0.5Ki", "1Ki", "1024Ki", "1500Ki", "1.5Gi", "64Mi", "2048Mi", "1Ei", "100u", "1n", "0Mi"],
  ...["12345678901", "1048576", ".5", "5."],
];

for (const amount of AMOUNTS) {
  Deno.test(`canonicalQuantity() writes ${amount} as an API server does`, () => {
    const written = canonicalQuantity(amount).serialize();
    // with an exponent it would keep one; none is let in
    if (amount === "1e3") strictEqual(written, "1k");
    else strictEqual(written, serverForm(amount));
    strictEqual(sameQuantity(written, amount), true);
  });
}

Deno.test("canonicalQuantity() refuses what is no quantity", () => {
  for (const text of ["", "x", "1Q", "Gi", "1 Gi", "1e"]) {
    throws(() => canonicalQuantity(text), RangeError);
  }
});

Deno.test("sameQuantity() compares by value", () => {
  strictEqual(sameQuantity("1Gi", "1024Mi"), true);
  strictEqual(sameQuantity("1G", "1Gi"), false);
  strictEqual(sameQuantity("x", "x"), false);
});
