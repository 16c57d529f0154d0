import type { Json } from "../wire/frame.ts";
import type { Peer } from "./channel.ts";
import type { ContractId } from "./handshake_messages.ts";

/** What sessions need to know of contracts. */
export interface Negotiation {
  /** This side's contract. */
  readonly contract: ContractId;
  /** What the other side is told of it if the digests differ. */
  readonly descriptor: Json;
  /** The digest of another side's descriptor; throws when it is none. */
  digestOf(descriptor: Json): string;
  /**
   * Asked at the accepting side, whose contract it is that is called: what of it the dialer can ask,
   * or why they do not fit, saying which side must be updated. Between workers, who call each other,
   * that is what fits both ways.
   */
  fit(
    dialer: Json,
    role: Peer["role"],
  ): { readonly methods: readonly string[] } | { readonly refused: string };
}
