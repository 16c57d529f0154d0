import { deepStrictEqual, throws } from "node:assert/strict";
import { decodeProtobuf } from "./decode.ts";

/** As kubectl 1.32 sends `create configmap a --from-literal=k=v`. */
const CONFIG_MAP = "6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a01611200" +
  "1a00220 02a0032003800420012060a016b1201761a002200".replaceAll(" ", "");

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

Deno.test("decodeProtobuf() reads what kubectl sends and leaves zero values out", () => {
  deepStrictEqual(decodeProtobuf(bytes(CONFIG_MAP)), {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "a" },
    data: { k: "v" },
  });
});

Deno.test("decodeProtobuf() keeps a zero that was set by pointer", () => {
  // Deployment { spec: { replicas: 0, paused: false } }
  const body = "6b387300" + "0a15" + "0a07617070732f7631" + "120a" + "4465706c6f796d656e74" +
    "1206" + "1204" + "0800" + "3800";
  deepStrictEqual(decodeProtobuf(bytes(body)), {
    kind: "Deployment",
    apiVersion: "apps/v1",
    spec: { replicas: 0 },
  });
});

Deno.test("decodeProtobuf() refuses what is cut off, has no prefix, or is of no known kind", () => {
  throws(() => decodeProtobuf(bytes(CONFIG_MAP.slice(0, -20))), RangeError);
  throws(() => decodeProtobuf(bytes("00")), RangeError);
  throws(() => decodeProtobuf(bytes("6b387300" + "0a06" + "0a0276311200")), RangeError);
});
