import { notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { takeAddresses } from "./addresses.ts";

const only127001 = Deno.build.os === "darwin";

Deno.test({
  name: "takeAddresses() gives nodes of one machine different ranges, even of the same name",
  ignore: only127001,
  fn: () => {
    using a = takeAddresses("n", "loopback");
    using b = takeAddresses("n", "loopback");
    notStrictEqual(a.hostIP, b.hostIP);
  },
});

Deno.test({
  name: "allocate() gives each pod its own address, and back the one it had",
  ignore: only127001,
  fn: () => {
    using addresses = takeAddresses("n", "loopback");
    const a = addresses.allocate("a");
    strictEqual(addresses.allocate("a").ip, a.ip);
    const given = new Set([a.ip, addresses.hostIP]);
    for (let i = 0; i < 1000; i++) given.add(addresses.allocate(`${i}`).ip);
    strictEqual(given.size, 1002);
    ok(![...given].some((ip) => ip.endsWith(".0") || ip.endsWith(".255")));
    addresses.release("a");
    strictEqual(addresses.allocate("again", { ip: a.ip }).ip, a.ip);
    notStrictEqual(addresses.allocate("other", { ip: a.ip }).ip, a.ip);
    notStrictEqual(addresses.allocate("far", { ip: "10.0.0.1" }).ip, "10.0.0.1");
  },
});

Deno.test("allocate() gives each pod its own port when there are no addresses", () => {
  using addresses = takeAddresses("n", "ports");
  const { ip, port } = addresses.allocate("a");
  strictEqual(ip, "127.0.0.1");
  strictEqual(addresses.allocate("a").port, port);
  notStrictEqual(addresses.allocate("b").port, port);
  notStrictEqual(addresses.allocate("c", { port }).port, port);
  addresses.release("a");
  strictEqual(addresses.allocate("d", { port }).port, port);
});
