import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { ExecClient } from "../../kube/mod.ts";
import type { Contract, Specs } from "../../messaging/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import type { Head } from "../heads.ts";
import type { Tenure } from "../leadership/tenure.ts";
import type { Team } from "../messaging/team.ts";
import type { Definition } from "./definition/mod.ts";
import type { FencedWriter } from "./fenced_writer.ts";
import type { CheckedRunParams } from "./run_params.ts";
import type { SerialWrites } from "./serial_writes.ts";

/** What was last applied for a workload in this term; shared by all its handles. */
export interface Applied {
  params: CheckedRunParams;
  /** What it should be, with what operations have set since. */
  definition: Definition;
  /** The newest state that is known. */
  head: Head;
  /** The generation that was written, which `ready()` waits for. */
  generation: number;
  /** Whether it was seen to be deleted. */
  deleted: boolean;
  /** What drift was told last, if drift is only told. */
  reported: string | undefined;
}

/** Does an operation on a workload, records it, and passes on what becomes of it. */
export type RecordOperation = <R>(
  operation: string,
  target: { readonly name: string; readonly namespace: string },
  fn: () => Promise<R>,
) => Promise<R>;

/** What a handle needs to talk to workers. */
export interface Teams {
  /** The team of a workload; see `Messaging.team`. */
  team<S extends Specs>(
    target: { readonly name: string; readonly namespace: string },
    contract: Contract<S>,
  ): Team<S>;
}

/** What a handle needs of its coordinator. */
export interface WorkloadContext {
  readonly client: RestClient & ExecClient;
  readonly coordinator: string;
  readonly view: ClusterView;
  readonly tenure: Tenure;
  readonly writer: FencedWriter;
  readonly messaging: Teams;
  /** Aborts when the coordinator has stopped. */
  readonly life: AbortSignal;
  /** What was applied, by key. */
  readonly applied: Map<string, Applied>;
  /** What was declared, by key. */
  readonly declared: ReadonlyMap<string, CheckedRunParams>;
  /** Declares and applies a workload. */
  readonly run: (params: CheckedRunParams) => Promise<unknown>;
  /** Does an operation, and records when it begins and how it ends. */
  readonly record: RecordOperation;
  /** The order of what is written, by key. */
  readonly writes: SerialWrites;
  /** Uids of heads whose deletion was asked for; a copy that lags may still show them. */
  readonly deleted: Set<string>;
  /** Notes what is declared now; what it returns declares that no more. */
  readonly forgetting: (key: string) => () => void;
}

/** Tells workloads apart, and is the key of the head in a store. */
export function workloadKey({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
