import type { RestClient } from "@cloudydeno/kubernetes-client";
import { Primitives, type TimingOptions } from "../primitives/mod.ts";
import { OnDemand } from "../runtime/mod.ts";

/** What is needed of a coordinator for its primitives. */
export interface OwnPrimitivesContext {
  /** Sends their requests, within the coordinator's budget. */
  readonly client: RestClient;
  readonly namespace: string;
  /** Hears what has no caller to be told. */
  readonly onError: (error: Error) => void;
}

/** A coordinator's primitives, made when they are asked for. */
export function ownPrimitives(
  { name, primitives: timing }: { readonly name: string; readonly primitives?: TimingOptions },
  { client, namespace, onError }: OwnPrimitivesContext,
): OnDemand<Primitives> {
  return new OnDemand(async () => {
    const primitives = await Primitives.create({ ...timing, client, namespace });
    primitives.onError(onError);
    return primitives;
  }, () => new Error(`Cannot use primitives: coordinator "${name}" is stopped`));
}
