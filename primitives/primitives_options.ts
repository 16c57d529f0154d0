import type { RestClient } from "@cloudydeno/kubernetes-client";
import { z } from "zod";
import type { Budget, ClusterConfig } from "../kube/mod.ts";
import { checkOptions, namespaceName } from "../runtime/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Timing } from "./context.ts";
import { uniqueIdentity } from "./election/identity.ts";
import { resolveTiming, TIMING_SHAPE, type TimingOptions } from "./timing.ts";

const object = (what: string) =>
  z.custom<object>((value) => typeof value === "object" && value !== null, what);
const schema = z.strictObject({
  client: object("a RestClient").optional(),
  config: object("a ClusterConfig").optional(),
  kubeconfig: z.string().min(1).optional().describe("path of a file"),
  context: z.string().min(1).optional().describe("name of a context of the kubeconfig"),
  namespace: namespaceName.optional(),
  identity: z.string().min(1).max(253).optional().describe("a string of 1 to 253 characters"),
  ...TIMING_SHAPE,
  budget: object("an object { perSecond, burst }").optional(),
  signal: z.instanceof(AbortSignal).optional().describe("an AbortSignal"),
  clock: object("a Clock").optional(),
  random: z.custom<() => number>((value) => typeof value === "function", "a function").optional(),
});

/** Options of `Primitives.create`. */
export interface PrimitivesOptions extends TimingOptions {
  /**
   * Sends the requests, in place of one made by `config`, `kubeconfig` and `context`. It is not closed.
   * @internal
   * @default none
   */
  client?: RestClient;
  /**
   * The cluster.
   * @default as `kubectl` finds it, in a pod the cluster that it runs in
   */
  config?: ClusterConfig;
  /**
   * Path of a kubeconfig file.
   * @default `KUBECONFIG`, then `~/.kube/config`
   */
  kubeconfig?: string;
  /**
   * Context of the kubeconfig.
   * @default its current one
   */
  context?: string;
  /**
   * Where the objects are; all who share a primitive must name the same.
   * @default that of the cluster's configuration, of a given `client` `"default"`
   */
  namespace?: string;
  /**
   * Who this process is, for people: it stands in what it holds.
   * @default the pod's or host's name and something random
   */
  identity?: string;
  /**
   * How many requests are sent at most; see `Transport`.
   * @default 50 a second, 100 at once
   */
  budget?: Budget;
  /**
   * Closes them when it aborts.
   * @default none
   */
  signal?: AbortSignal;
  /**
   * The time, for tests.
   * @default the system's: `performance.now`, `Date` and `setTimeout`
   */
  clock?: Clock;
  /**
   * Source of jitter in [0, 1), for tests.
   * @default Math.random
   */
  random?: () => number;
}

type Defaulted = "identity" | "clock" | "random";

/** Options that were checked and have their defaults. */
export interface CheckedPrimitivesOptions
  extends
    Omit<PrimitivesOptions, keyof Timing | Defaulted>,
    Required<Pick<PrimitivesOptions, Defaulted>> {
  readonly timing: Timing;
}

/**
 * Checks the options.
 *
 * @throws {TypeError} naming each bad field, what was given and what is allowed
 */
export function checkPrimitivesOptions(options: PrimitivesOptions): CheckedPrimitivesOptions {
  const purpose = "Cannot create primitives";
  const checked = checkOptions(schema, options, { purpose });
  return {
    ...options,
    timing: resolveTiming(checked, { purpose }),
    identity: options.identity ?? uniqueIdentity(),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}
