/** An API server to send steps to, and the run of all steps against it. */
import { request as httpsRequest } from "node:https";
import { parse } from "yaml";
import { normalize } from "./normalize.ts";
import type { Outcome, Step } from "./step.ts";

/** Where and how to send requests. */
export interface Target {
  readonly server: string;
  readonly headers: Record<string, string>;
}

/** A target without credentials. */
export function plainTarget(server: string): Target {
  return { server, headers: {} };
}

/** The target of a kubeconfig file with a token in it. */
export async function targetOf(kubeconfig: string): Promise<Target> {
  const config = parse(await Deno.readTextFile(kubeconfig));
  const { user } = config.users[0];
  return {
    server: config.clusters[0].cluster.server,
    headers: { authorization: `Bearer ${user.token}` },
  };
}

/** An answer whose body has not been read. */
interface Incoming {
  readonly code: number;
  readonly body: AsyncIterable<Uint8Array>;
}

interface Outgoing {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** A real server's certificate is its own: `fetch` would not take it. */
async function send(url: URL, options: Outgoing): Promise<Incoming> {
  if (url.protocol === "https:") return await sendSecurely(url, options);
  const { body, ...init } = options;
  const response = await fetch(url, body === undefined ? init : { ...init, body });
  return { code: response.status, body: response.body ?? new Blob().stream() };
}

function sendSecurely(url: URL, options: Outgoing): Promise<Incoming> {
  const { method, headers, body } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Incoming>();
  const outgoing = httpsRequest(
    url,
    { method, headers, agent: false, rejectUnauthorized: false },
    (incoming) => resolve({ code: incoming.statusCode ?? 0, body: incoming }),
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

/** Whether a controller manager has ever run beside the server: it makes the first account. */
export async function hasControllers(target: Target): Promise<boolean> {
  const path = "/api/v1/namespaces/default/serviceaccounts/default";
  const { headers } = target;
  const url = new URL(target.server + path);
  const { code, body } = await send(url, { method: "GET", headers, body: undefined });
  for await (const _ of body) {
    // Only the code counts.
  }
  return code === 200;
}

/** Sends all steps, one after another, in a namespace of their own. */
export async function runSteps(
  target: Target,
  steps: readonly Step[],
): Promise<Map<string, Outcome>> {
  const ns = `conformance-${crypto.randomUUID().slice(0, 8)}`;
  const saved = new Map<string, string>([["ns", ns]]);
  const secrets = new Map<string, string>([[ns, "ns"]]);
  const outcomes = new Map<string, Outcome>();
  for (const step of steps) {
    outcomes.set(step.name, await runStep(target, step, { saved, secrets }));
  }
  return outcomes;
}

async function runStep(
  target: Target,
  step: Step,
  state: { saved: Map<string, string>; secrets: Map<string, string> },
): Promise<Outcome> {
  const { saved, secrets } = state;
  const fill = (text: string) =>
    text.replace(/\{([a-zA-Z]+)\}/g, (all, name) => saved.get(name) ?? all);
  const { body: given } = step;
  const sent = given === undefined
    ? undefined
    : fill(typeof given === "string" ? given : JSON.stringify(given));
  const response = await send(new URL(target.server + fill(step.path)), {
    method: step.method ?? "GET",
    headers: {
      ...target.headers,
      accept: step.accept ?? "application/json",
      "user-agent": step.agent ?? "conformance/1",
      ...(sent === undefined ? {} : {
        "content-type": step.type ?? "application/json",
        "content-length": String(new TextEncoder().encode(sent).length),
      }),
    },
    body: sent,
  });
  const { code } = response;
  if (step.events !== undefined && code === 200) {
    const events = await readEvents(response.body, step.events);
    return { code, events: normalize(events, secrets) as unknown[] };
  }
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body) text += decoder.decode(chunk, { stream: true });
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Compared as text.
  }
  for (const [name, path] of Object.entries(step.save ?? {})) {
    const value = path.split(".").reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | undefined)?.[key],
      body,
    );
    saved.set(name, String(value));
    if (name.startsWith("random")) secrets.set(String(value), name);
  }
  const owners = step.owners ? { owners: ownersOf(body) } : {};
  return { code, body: normalize(body, secrets), ...owners };
}

/** No times; nor subresources and the status, in which older servers differ. */
function ownersOf(body: unknown): unknown[] {
  const { metadata } = body as { metadata?: { managedFields?: Record<string, unknown>[] } };
  return (metadata?.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => {
    const { "f:status": _, ...fields } = fieldsV1 as Record<string, unknown>;
    return { manager, operation, fields };
  });
}

async function readEvents(body: AsyncIterable<Uint8Array>, count: number): Promise<unknown[]> {
  const events: unknown[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (events.length < count) events.push(JSON.parse(line));
    if (events.length >= count) break;
  }
  return events;
}
