import type { Contract } from "../contract/contract.ts";
import {
  type ContractDescriptor,
  describeContract,
  digestOf,
  parseDescriptor,
} from "../contract/descriptor.ts";
import { type Fit, fit } from "../contract/fit.ts";
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

/** What sessions need to know of one contract. */
export function negotiationOf(contract: Contract): Negotiation {
  const own = describeContract(contract);
  const { name, version } = own;
  return {
    contract: { name, version, digest: digestOf(own) },
    descriptor: own as unknown as Json,
    digestOf(descriptor) {
      parseDescriptor(descriptor);
      // with what a later version may have added to it
      return digestOf(descriptor as unknown as ContractDescriptor);
    },
    fit(dialer, role) {
      const theirs = parseDescriptor(dialer);
      const there: Fit = fit(theirs, own);
      if ("refused" in there || role === "coordinator") return there;
      const back: Fit = fit(own, theirs);
      if ("refused" in back) return back;
      return { methods: there.methods.filter((method) => back.methods.includes(method)) };
    },
  };
}
