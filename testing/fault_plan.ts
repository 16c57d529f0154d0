import { seededRandom } from "./seeded_random.ts";

/** An inclusive range, or one fixed value. */
export type Range = number | readonly [min: number, max: number];

/** What every rule says: whom it strikes, and how often. */
export interface FaultMatch {
  /** The chance, 0 to 1, that the rule strikes a connection (or request) that it matches. @default 1 */
  probability?: number;
  /** Strikes at most so many times. @default unlimited */
  limit?: number;
  /** Leaves the first so many matches alone. @default 0 */
  skip?: number;
  /** Only requests of this method (HTTP mode). */
  method?: string;
  /** Only requests whose path and query match (HTTP mode). */
  path?: RegExp;
}

/**
 * One rule of a {@linkcode FaultPlan}.
 *
 * - `cut` closes both sides, after some bytes of the answer or some time
 * - `stall` keeps both sides open and passes no more of the answer, as a black hole does
 * - `halfClose` ends the answer towards the client, whose own side stays open
 * - `delay` holds the answer back once, then goes on
 * - `hold` holds the request back, as a network does that delivers late (HTTP mode)
 * - `status` answers by itself and sends nothing upstream (HTTP mode)
 */
export type FaultRule =
  & FaultMatch
  & (
    | { fault: "cut" | "stall" | "halfClose"; afterBytes?: Range; afterMs?: Range }
    | { fault: "delay" | "hold"; ms: Range }
    | { fault: "status"; code: 409 | 410 | 429 | 500 | 502 | 503 | 504; retryAfterSeconds?: number }
  );

/** What goes wrong, decided by a seed: the same seed and traffic give the same faults. */
export interface FaultPlan {
  /** Where the plan's choices start. @default 1 */
  seed?: number;
  /** The first rule that matches and whose chance comes up strikes. */
  rules: readonly FaultRule[];
}

/** A rule that struck, with its ranges resolved to numbers. */
export type Fault =
  | { fault: "cut" | "stall" | "halfClose"; afterBytes?: number; afterMs?: number }
  | { fault: "delay" | "hold"; ms: number }
  | { fault: "status"; code: number; retryAfterSeconds?: number };

/** What a rule is matched against. */
export interface FaultSubject {
  /** The request's method, in HTTP mode. */
  method?: string;
  /** The request's path and query, in HTTP mode. */
  path?: string;
}

/** Decides for each connection or request, in order, which fault strikes it. */
export class FaultDecider {
  readonly #rules: { rule: FaultRule; matched: number; struck: number }[];
  readonly #random: () => number;

  /** Checks the plan. @throws {RangeError} when a probability is not in 0 to 1 */
  constructor(plan: FaultPlan) {
    this.#rules = plan.rules.map((rule) => ({ rule: checked(rule), matched: 0, struck: 0 }));
    this.#random = seededRandom(plan.seed ?? 1);
  }

  /** The fault for the next subject, or `undefined` to pass it on untouched. */
  next(subject: FaultSubject): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!matches(rule, subject)) continue;
      if (entry.matched++ < (rule.skip ?? 0)) continue;
      if (entry.struck >= (rule.limit ?? Infinity)) continue;
      if (this.#random() >= (rule.probability ?? 1)) continue;
      entry.struck++;
      return this.#resolve(rule);
    }
    return undefined;
  }

  #resolve(rule: FaultRule): Fault {
    switch (rule.fault) {
      case "status":
        return {
          fault: "status",
          code: rule.code,
          ...(rule.retryAfterSeconds !== undefined &&
            { retryAfterSeconds: rule.retryAfterSeconds }),
        };
      case "delay":
      case "hold":
        return { fault: rule.fault, ms: this.#pick(rule.ms) };
      default:
        return {
          fault: rule.fault,
          ...(rule.afterBytes !== undefined && { afterBytes: this.#pick(rule.afterBytes) }),
          ...(rule.afterMs !== undefined && { afterMs: this.#pick(rule.afterMs) }),
        };
    }
  }

  #pick(range: Range): number {
    if (typeof range === "number") return range;
    const [min, max] = range;
    return Math.round(min + this.#random() * (max - min));
  }
}

function matches(rule: FaultRule, subject: FaultSubject): boolean {
  const isOfHttp = rule.fault === "status" || rule.fault === "hold";
  if (isOfHttp && subject.method === undefined) return false;
  if (rule.method !== undefined && rule.method !== subject.method) return false;
  return rule.path === undefined || (subject.path !== undefined && rule.path.test(subject.path));
}

function checked(rule: FaultRule): FaultRule {
  const { probability = 1 } = rule;
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`Cannot use a fault rule: "probability" is ${probability}, not in 0 to 1`);
  }
  if (rule.path?.global || rule.path?.sticky) {
    throw new TypeError(`Cannot use a fault rule: "path" ${rule.path} is global or sticky`);
  }
  return rule;
}
