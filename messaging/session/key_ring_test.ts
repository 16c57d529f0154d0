import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { KeyRing, newKey } from "./key_ring.ts";

Deno.test("KeyRing.parse() reads what toText() has written, the current key first", () => {
  const [first, second] = [newKey(), newKey()];
  const ring = KeyRing.parse(new KeyRing([first]).with(second).toText());
  deepStrictEqual(ring.current, first);
  deepStrictEqual(ring.ids, [first.kid, second.kid]);
  deepStrictEqual(ring.get(second.kid), second);
  strictEqual(ring.get("none"), undefined);
});

Deno.test("KeyRing.parse() refuses what is no key set, and tells nothing of it", () => {
  const secret = "c2VjcmV0";
  const long = "A".repeat(43);
  for (
    const text of [
      secret,
      `{"keys":[]}`,
      `{"keys":[{"kty":"oct","kid":"a","k":"${secret}"}]}`, // too short
      `{"keys":[{"kty":"RSA","kid":"a","k":"${long}"}]}`,
      `{"keys":[{"kty":"oct","kid":"a","k":"${secret}!"}]}`,
      `{"keys":[{"kty":"oct","kid":"a","k":"${long}"},{"kty":"oct","kid":"a","k":"${long}"}]}`,
    ]
  ) {
    throws(() => KeyRing.parse(text), (error: Error) => {
      ok(!Deno.inspect(error).includes(secret), error.message);
      strictEqual(error.cause, undefined);
      return error instanceof TypeError && error.message.startsWith("Cannot read keys: allowed is");
    });
  }
});

Deno.test("KeyRing shows no key when it is printed", () => {
  const ring = new KeyRing([newKey()]);
  const { k } = JSON.parse(ring.toText()).keys[0];
  strictEqual(k.length, 43);
  for (const shown of [Deno.inspect(ring), JSON.stringify(ring), String(ring)]) {
    ok(!shown.includes(k), shown);
  }
});

Deno.test("newKey() makes another key each time", () => {
  const [a, b] = [newKey(), newKey()];
  notDeepStrictEqual(a.secret, b.secret);
  ok(a.kid !== b.kid && a.secret.length === 32);
});
