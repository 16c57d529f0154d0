import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { ErrorReporter } from "../runtime/mod.ts";
import type { Background } from "./background.ts";
import type { Clock } from "./clock.ts";
import { Participants } from "./participants.ts";
import { Records } from "./record/mod.ts";
import { Sessions } from "./session/mod.ts";

/** How long holders are believed, in milliseconds: `requestTimeout` < `renewDeadline` < `leaseDuration`. */
export interface Timing {
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly renewInterval: number;
  readonly requestTimeout: number;
}

/** What is needed to speak with the cluster. */
export interface RequestContext {
  /** Sends the requests. */
  readonly client: RestClient;
  /** Where the objects are. */
  readonly namespace: string;
  /** The time that is lived by. */
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
  /** Where errors go that have no caller, and those of requests that are repeated. */
  readonly errors: ErrorReporter;
  /** What goes on when nobody waits for it, and ends with `signal`. */
  readonly background: Background;
  readonly timing: Timing;
  /** Who this process is, for people. */
  readonly identity: string;
  /** Aborts when what was made with this is to end. */
  readonly signal: AbortSignal;
}

/** What every primitive is given by the `Primitives` that made it. */
export interface PrimitiveContext extends RequestContext {
  /** Those whose handlers end before all else does. */
  readonly participants: Participants;
  /** This process as one that lives, and whether others do. */
  readonly sessions: Sessions;
  /** The values that it shares with others. */
  readonly records: Records;
}

/** Ends what was made with it: handlers first, while all works yet; `stop` is what aborts its signal. */
export async function endContext(context: PrimitiveContext, stop: AbortController): Promise<void> {
  await context.participants.leave();
  stop.abort(new Error("The primitives were closed"));
  await context.sessions.close();
  await context.background.settled();
}

/** What primitives of their own are made with. */
export function primitiveContext(context: RequestContext): PrimitiveContext {
  return {
    ...context,
    participants: new Participants(context.errors),
    sessions: new Sessions(context),
    records: new Records(context),
  };
}
