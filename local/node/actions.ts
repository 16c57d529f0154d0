/**
 * What probes and lifecycle hooks do to a container that runs on this machine: an HTTP request, a
 * TCP connection, a command. Each is bounded by its signal.
 */
import http from "node:http";
import https from "node:https";
import type { ActionResult, ContainerAction } from "./runtime.ts";

/** As much of a probe's output as an event's message shows. */
const MAX_OUTPUT = 1024;

/** Performs an action; rejects only when `signal` aborts. */
export async function performAction(
  action: ContainerAction,
  options: { signal: AbortSignal; exec: Deno.CommandOptions },
): Promise<ActionResult> {
  const { signal } = options;
  signal.throwIfAborted();
  try {
    switch (action.type) {
      case "http":
        return await getHttp(action, signal);
      case "tcp":
        return await connectTcp(action, signal);
      case "exec":
        return await execute(action.command, options);
    }
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * `node:http`, as the kubelet's client: a probe names its own Host header, follows no redirect
 * to another host and verifies no certificate; `fetch` does none of these.
 */
function getHttp(
  action: ContainerAction & { type: "http" },
  signal: AbortSignal,
): Promise<ActionResult> {
  const headers: Record<string, string> = {
    "user-agent": "kube-probe/1.32 troupe",
    accept: "*/*",
    connection: "close",
  };
  for (const [name, value] of action.headers) headers[name.toLowerCase()] = value;
  const { host, port, path } = action;
  return new Promise((resolve, reject) => {
    const common = { host, port, path, headers, agent: false as const, signal };
    const request = action.scheme === "https"
      ? https.request({ ...common, rejectUnauthorized: false })
      : http.request(common);
    request.on("error", reject);
    request.on("response", (response) => {
      const code = response.statusCode ?? 0;
      response.on("error", reject);
      response.on("close", () => {
        const ok = code >= 200 && code < 400;
        resolve({ ok, message: ok ? "" : `HTTP probe failed with statuscode: ${code}` });
      });
      response.resume();
    });
    request.end();
  });
}

async function connectTcp(
  action: ContainerAction & { type: "tcp" },
  signal: AbortSignal,
): Promise<ActionResult> {
  const connecting = Deno.connect({ hostname: action.host, port: action.port });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    (await Promise.race([connecting, aborted])).close();
  } catch (error) {
    connecting.then((connection) => connection.close(), () => {});
    throw error;
  }
  return { ok: true, message: "" };
}

async function execute(
  command: readonly string[],
  { signal, exec }: { signal: AbortSignal; exec: Deno.CommandOptions },
): Promise<ActionResult> {
  const [program, ...args] = command;
  if (program === undefined) return { ok: false, message: "no command" };
  const child = new Deno.Command(program, {
    ...exec,
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const kill = () => {
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch {
      // Ended by itself.
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  try {
    const { code, stdout, stderr } = await child.output();
    signal.throwIfAborted();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { ok: code === 0, message: text.slice(0, MAX_OUTPUT) };
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}
