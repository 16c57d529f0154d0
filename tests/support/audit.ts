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

  /** Begins to record. */
  constructor(client: Transport, namespace: string) {
    this.#reflector = new Reflector(client, DEPLOYMENTS, { namespace });
    this.#reflector.onChange(({ type, object: { metadata } }) => {
      if (type === "deleted") return;
      const annotations = metadata?.annotations ?? {};
      this.states.push({
        name: metadata?.name ?? "",
        term: Number(annotations["troupe.dev/term"] ?? 0),
        tick: annotations.tick,
      });
    });
    this.#reflector.start();
  }

  /** Resolves when what was there is recorded. */
  synced(): Promise<void> {
    return this.#reflector.synced();
  }

  /**
   * Pairs of states that show a stale write: one with a lower term behind one with a higher term, or
   * one whose content is of another term than it says.
   */
  violations(): string[] {
    const found: string[] = [];
    const last = new Map<string, Audited>();
    for (const state of this.states) {
      const before = last.get(state.name);
      if (before !== undefined && state.term < before.term) {
        found.push(`${state.name}: term ${state.term} after ${before.term}`);
      }
      const written = state.tick !== undefined && state.tick !== before?.tick;
      if (written && Number(state.tick!.split("-")[0]) !== state.term) {
        found.push(`${state.name}: tick ${state.tick} in term ${state.term}`);
      }
      last.set(state.name, state);
    }
    return found;
  }

  /** Stops recording. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reflector.close();
  }
}
