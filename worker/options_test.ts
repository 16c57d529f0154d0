import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { checkWorkerOptions } from "./options.ts";

/** Calls with variables set, and unset again afterwards. */
function withEnv<T>(env: Record<string, string>, call: () => T): T {
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    return call();
  } finally {
    for (const name of Object.keys(env)) Deno.env.delete(name);
  }
}

const ADDRESSES: readonly [podIP: string | undefined, hostname: string][] = [
  [undefined, "0.0.0.0"],
  ["127.0.3.4", "127.0.3.4"],
  ["::1", "::1"],
  ["10.1.2.3", "0.0.0.0"],
  ["fd00::7", "::"],
];

for (const [podIP, hostname] of ADDRESSES) {
  Deno.test(`checkWorkerOptions() listens at ${hostname} when the pod's address is ${podIP}`, () => {
    const env: Record<string, string> = podIP === undefined ? {} : { POD_IP: podIP };
    strictEqual(withEnv(env, () => checkWorkerOptions({ name: "w" })).hostname, hostname);
  });
}

Deno.test("checkWorkerOptions() lets TROUPE_PORT win over the program's port", () => {
  const options = { name: "w", port: 8086, hostname: "127.0.0.1" };
  strictEqual(checkWorkerOptions(options).port, 8086);
  const { port, hostname } = withEnv(
    { TROUPE_PORT: "9000", POD_IP: "10.0.0.1" },
    () => checkWorkerOptions(options),
  );
  strictEqual(port, 9000);
  strictEqual(hostname, "127.0.0.1"); // what the program says about addresses wins
  strictEqual(checkWorkerOptions({ name: "w" }).port, 8080);
});

Deno.test("checkWorkerOptions() names the variable that is wrong", () => {
  throws(
    () => withEnv({ TROUPE_PORT: "70000" }, () => checkWorkerOptions({ name: "w" })),
    { message: /^Cannot create worker: "TROUPE_PORT" given "70000", allowed is an integer/ },
  );
});

Deno.test("checkWorkerOptions() takes TLS from the environment, all of it or none", () => {
  strictEqual(checkWorkerOptions({ name: "w" }).tls, undefined);
  const env = {
    TROUPE_TLS_CERT: "cert",
    TROUPE_TLS_KEY: "secret",
    TROUPE_TLS_CA: "ca",
    TROUPE_COORDINATOR: "boss",
  };
  deepStrictEqual(withEnv(env, () => checkWorkerOptions({ name: "w" })).tls, {
    port: 8443,
    cert: "cert",
    key: "secret",
    trust: { caCerts: ["ca"], serverName: "workers.boss.troupe.internal" },
  });
  const other = { ...env, TROUPE_TLS_PORT: "9443" };
  strictEqual(withEnv(other, () => checkWorkerOptions({ name: "w" })).tls?.port, 9443);
  const { TROUPE_TLS_CA: _, ...lacking } = env;
  throws(() => withEnv(lacking, () => checkWorkerOptions({ name: "w" })), {
    message: "Cannot create worker: of the variables for TLS TROUPE_TLS_CA is not set",
  });
});
