/** An independent record of every state that the heads of a namespace went through. */
import type { Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { DEPLOYMENTS, Reflector, type Transport } from "../../kube/mod.ts";

/** One state of a head. */
export interface Audited {
  readonly name: string;
  /** Token of the term that wrote it last. */
  readonly term: number;
  /** What the ticker of that term wrote, `<token>-<number>`. */
  readonly tick: string | undefined;
}

/** Records, from a watch of its own, what the API server accepts. */
export class Audit implements AsyncDisposable {
  readonly #reflector: Reflector<Deployment>;
  readonly states: Audited[] = [];
  /** Names of the heads that were deleted. */
  readonly deleted: string[] = [];

  /** Begins to record. */
  constructor(client: Transport, namespace: string) {
    this.#reflector = new Reflector(client, DEPLOYMENTS, { namespace });
    this.#reflector.onChange(({ type, object: { metadata } }) => {
      if (type === "deleted") return void this.deleted.push(metadata?.name ?? "");
      const annotations = metadata?.annotations ?? {};
      this.states.push({
        name: metadata?.name ?? "",
        term: Number(metadata?.labels?.["troupe.dev/term"] ?? 0),
        tick: annotations.tick,
      });
    });
    this.#reflector.start();
  }

  /** Resolves when what was there is recorded. */
  synced(): Promise<void> {
    return this.#reflector.synced();
  }

  /** See {@linkcode staleWrites}. */
  violations(isSameReplica?: (a: number, b: number) => boolean): string[] {
    return staleWrites(this.states, isSameReplica);
  }

  /** Stops recording. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reflector.close();
  }
}

/**
 * What shows a stale write: a state with a lower term behind one with a higher term, or one whose
 * content is of another term than it says. A replica that leads again may write what it was told
 * when it led before, so a content of its own is none.
 *
 * @param isSameReplica whether the same replica led in two terms
 */
export function staleWrites(
  states: readonly Audited[],
  isSameReplica: (a: number, b: number) => boolean = () => false,
): string[] {
  const found: string[] = [];
  const last = new Map<string, Audited>();
  for (const state of states) {
    const { name, term, tick } = state;
    const before = last.get(name);
    if (before !== undefined && term < before.term) {
      found.push(`${name}: term ${term} after ${before.term}`);
    }
    if (tick !== undefined && tick !== before?.tick) {
      const decided = Number(tick.split("-")[0]);
      if (decided !== term && !isSameReplica(decided, term)) {
        found.push(`${name}: tick ${tick} in term ${term}`);
      }
    }
    last.set(name, state);
  }
  return found;
}
