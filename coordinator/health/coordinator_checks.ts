import type { Check, HealthChecks } from "./check.ts";
import type { WatchHealth } from "./watch_health.ts";

/** What the checks look at. */
export interface CheckSource {
  /** Tells whether the event loop gets around. */
  readonly loop: { check(): Check };
  /** Whether the coordinator is about to end. */
  readonly stopping: boolean;
  /** All reflectors. */
  watches(): Iterable<WatchHealth>;
}

/** Options of {@linkcode coordinatorChecks}. */
export interface CoordinatorChecksOptions {
  /**
   * Milliseconds without any activity after which the loop of a reflector counts as stuck: more
   * than three idle times, which one attempt may take, and than the 5 minutes that a server may
   * ask to wait.
   *
   * @default 360_000
   */
  stuckAfter?: number;
}

/** Four times a reflector's default idle time. */
const STUCK_AFTER_MS = 360_000;

/**
 * The checks of a coordinator.
 *
 * It is alive while its event loop and the loops of its reflectors get around, whatever its handlers
 * do. A reflector that tries again and again to reach a server that is down is alive: killing the
 * coordinator would not bring the server back. It is ready when every cache is complete, leading or
 * not, and until it stops; a cache that was complete once stays so while the connection is down, and
 * how old it is tells the metric of staleness.
 */
export function coordinatorChecks(
  source: CheckSource,
  options: CoordinatorChecksOptions = {},
): HealthChecks {
  const { stuckAfter = STUCK_AFTER_MS } = options;
  return {
    live(): Check[] {
      const watches = [...source.watches()].map((watch) => aliveness(watch, stuckAfter));
      return [source.loop.check(), ...watches];
    },
    ready(): Check[] {
      const watches = [...source.watches()].map(completeness);
      const started = watches.length === 0 ? "nothing is watched yet" : undefined;
      return [
        check("started", started),
        check("not-stopping", source.stopping ? "it is stopping" : undefined),
        ...watches,
      ];
    },
  };
}

function aliveness(watch: WatchHealth, stuckAfter: number): Check {
  const { lastActiveMs, state } = watch.health;
  const stuck = lastActiveMs > stuckAfter
    ? `${state}, and did nothing for ${Math.round(lastActiveMs)} ms`
    : undefined;
  return check(nameOf(watch), stuck);
}

function completeness(watch: WatchHealth): Check {
  const { synced, state, lastError } = watch.health;
  if (synced) return check(nameOf(watch));
  const why = lastError === undefined ? "" : `: ${lastError.message}`;
  return check(nameOf(watch), `no complete list yet, ${state}${why}`);
}

function check(name: string, failure?: string): Check {
  return failure === undefined ? { name } : { name, failure };
}

function nameOf({ resource, namespace }: WatchHealth): string {
  return ["watch", namespace, resource].filter((part) => part !== undefined).join("/");
}
