import { z } from "zod";
import { type TlsTrust, workersName } from "../messaging/mod.ts";
import type { Self } from "./messaging/worker_messages.ts";
import type { TimingOptions } from "../primitives/mod.ts";
import { checkOptions, dnsLabel, listenAddress, namespaceName } from "../runtime/mod.ts";

/** Port of a worker that is told none. */
const DEFAULT_PORT = 8080;

/**
 * How long a worker finishes its requests after SIGTERM, in milliseconds: less than the 30 s after
 * which Kubernetes kills the pod.
 */
const DEFAULT_GRACE = 25_000;

const AT_MOST_A_DAY = 24 * 60 * 60 * 1000;
const port = z.int().min(0).max(65535).describe("an integer from 0 (any free port) to 65535");

const schema = z.strictObject({
  name: dnsLabel(63),
  namespace: namespaceName.optional(),
  port: port.optional(),
  hostname: z.string().min(1).optional().describe("a host name or an IP address"),
  grace: z.number().min(0).max(AT_MOST_A_DAY).default(DEFAULT_GRACE)
    .describe("milliseconds from 0 to a day"),
  keys: z.string().optional().describe("a JSON Web Key Set as text"),
  primitives: z.strictObject({
    leaseDuration: z.number().optional(),
    renewDeadline: z.number().optional(),
    renewInterval: z.number().optional(),
    requestTimeout: z.number().optional(),
  }).optional().describe(
    "{ leaseDuration, renewDeadline, renewInterval, requestTimeout }, each in milliseconds",
  ),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
});

const environment = z.object({
  TROUPE_PORT: z.string().regex(/^\d{1,5}$/).transform(Number).pipe(port).optional()
    .describe("an integer from 0 to 65535"),
  POD_IP: z.string().min(1).optional().describe("an IP address"),
  POD_NAMESPACE: namespaceName.optional(),
  POD_NAME: z.string().min(1).optional().describe("a pod's name"),
  TROUPE_KEYS: z.string().optional(),
  // what is wrong with these is found where they are used: a complaint here would tell them
  TROUPE_TLS_CERT: z.string().optional(),
  TROUPE_TLS_KEY: z.string().optional(),
  TROUPE_TLS_CA: z.string().optional(),
  TROUPE_TLS_PORT: z.string().regex(/^\d{1,5}$/).transform(Number).pipe(port).optional()
    .describe("an integer from 0 to 65535"),
  TROUPE_COORDINATOR: dnsLabel(63).optional(),
});

/** Options of `Worker.create`. */
export interface WorkerOptions {
  /** The worker's name: a DNS label of at most 63 characters. */
  name: string;
  /**
   * The worker's namespace.
   * @default the variable `POD_NAMESPACE`, else `"default"`
   */
  namespace?: string;
  /**
   * Port to listen at when the variable `TROUPE_PORT` is not set; 0 is any free port. The variable
   * wins because it is what the coordinator was told and where Kubernetes looks for the worker.
   * @default 8080
   */
  port?: number;
  /**
   * Address to listen at.
   * @default the variable `POD_IP` if it is a loopback address (a pod of a local cluster), else
   *   every address
   */
  hostname?: string;
  /**
   * How long it finishes its requests when it is stopped, in milliseconds.
   * @default 25_000
   */
  grace?: number;
  /**
   * The coordinator's keys, by which callers of a contract are known: a JSON Web Key Set as text.
   * @default the variable `TROUPE_KEYS`, else none: nobody can call
   */
  keys?: string;
  /**
   * How long others believe in what it holds by `primitives()`.
   * @default those of `Primitives.create`
   */
  primitives?: TimingOptions;
  /** Stops the worker when it aborts. */
  signal?: AbortSignal;
}

/** Options that were checked, completed from the environment. */
export interface CheckedWorkerOptions {
  name: string;
  namespace: string;
  port: number;
  hostname: string;
  grace: number;
  /** Who it is to those who call it. */
  self: Self;
  keys: string | undefined;
  /** By what messages are encrypted. */
  tls: WorkerTls | undefined;
  /** How it uses primitives; the namespace is that of the cluster's configuration if nobody said another. */
  primitives: TimingOptions & { namespace: string | undefined };
  /** The coordinator that runs it, if it was run by one. */
  coordinator: string | undefined;
  signal: AbortSignal | undefined;
}

/** How a worker hears messages by TLS, and knows its peers. */
export interface WorkerTls {
  /** Where it hears them. */
  readonly port: number;
  /** Its certificate and the private key of that, as PEM. */
  readonly cert: string;
  readonly key: string;
  /** By what its peers are known. */
  readonly trust: TlsTrust;
}

/** Where messages are heard by TLS if nothing says where. */
const DEFAULT_TLS_PORT = 8443;

/**
 * Checks options and environment.
 *
 * @throws {TypeError} naming each bad field or variable, what was given and what is allowed
 */
export function checkWorkerOptions(options: WorkerOptions): CheckedWorkerOptions {
  const purpose = "Cannot create worker";
  const checked = checkOptions(schema, options, { purpose });
  const variables = Object.keys(environment.shape).map((name) => [name, Deno.env.get(name)]);
  const env = checkOptions(environment, Object.fromEntries(variables), { purpose });
  return {
    name: checked.name,
    namespace: checked.namespace ?? env.POD_NAMESPACE ?? "default",
    port: env.TROUPE_PORT ?? checked.port ?? DEFAULT_PORT,
    hostname: checked.hostname ?? listenAddress(env.POD_IP),
    grace: checked.grace,
    self: { name: env.POD_NAME ?? checked.name, instance: crypto.randomUUID() },
    keys: checked.keys ?? env.TROUPE_KEYS,
    tls: tlsOf(env),
    primitives: { ...checked.primitives, namespace: checked.namespace ?? env.POD_NAMESPACE },
    coordinator: env.TROUPE_COORDINATOR,
    signal: checked.signal,
  };
}

/** Either all that TLS needs is there, or nothing: half of it must not become none. */
function tlsOf(env: z.infer<typeof environment>): WorkerTls | undefined {
  const { TROUPE_TLS_CERT: cert, TROUPE_TLS_KEY: key, TROUPE_TLS_CA: ca } = env;
  const { TROUPE_TLS_PORT: port = DEFAULT_TLS_PORT, TROUPE_COORDINATOR: coordinator } = env;
  if (!cert && !key && !ca) return undefined;
  if (!cert || !key || !ca || !coordinator) {
    const needed = { TROUPE_TLS_CERT: cert, TROUPE_TLS_KEY: key, TROUPE_TLS_CA: ca } as const;
    const missing = Object.entries({ ...needed, TROUPE_COORDINATOR: coordinator })
      .flatMap(([name, value]) => value ? [] : name);
    throw new TypeError(
      `Cannot create worker: of the variables for TLS ${missing.join(" and ")} is not set`,
    );
  }
  return { port, cert, key, trust: { caCerts: [ca], serverName: workersName(coordinator) } };
}
