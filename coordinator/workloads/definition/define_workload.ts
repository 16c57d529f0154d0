import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { Head, Part } from "../../heads.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { containerPorts } from "./container.ts";
import { workloadHead } from "./workload_head.ts";
import { workloadParts } from "./workload_parts.ts";

/** What a workload should be. */
export interface Definition {
  /** The head as it is applied, with the hash of all of it. */
  readonly head: Head;
  /** What belongs to it. */
  readonly parts: readonly Part[];
}

/** Options of {@linkcode defineWorkload}. */
export interface DefineOptions {
  /** The coordinator's name. */
  coordinator: string;
  /** Whom the workload belongs to. @default nobody */
  owners?: OwnerReference[];
  /** Whether workers with a contract hear messages by TLS. @default false */
  tls?: boolean;
}

/** Where workers hear messages by TLS, or else at the next port that is not declared. */
const FIRST_TLS_PORT = 8443;

/** What the parameters of `run` say, for a coordinator of that name. */
export function defineWorkload(params: CheckedRunParams, options: DefineOptions): Definition {
  const { coordinator, owners, tls } = options;
  const owner = { coordinator, workload: params.name };
  const all = tls && params.contract ? { ...params, tlsPort: freePort(params) } : params;
  return { head: workloadHead(all, owner, { owners }), parts: workloadParts(all, owner) };
}

function freePort(params: CheckedRunParams): number {
  const declared = containerPorts(params).map(({ containerPort }) => containerPort);
  let free = FIRST_TLS_PORT;
  while (declared.includes(free)) free++;
  return free;
}
