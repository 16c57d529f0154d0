/**
 * Writes of a workload's objects.
 *
 * Applying is: look at the ServiceAccount; if there is none, try the Deployment without storing it
 * (what is refused must leave nothing behind) and apply the account; apply the Deployment; if it is
 * a new one, tie the account to it. It is sequential, as pods need the account, and the account can
 * only be owned by a Deployment that exists. What belongs to somebody else is never changed:
 * a Deployment's selector is immutable and names the coordinator, so the API server refuses the
 * apply by itself; an account is looked at first.
 *
 * @module
 */
import { AppsV1Api, type Deployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { CoreV1Api, type ServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import type { OwnerReference } from "@cloudydeno/kubernetes-apis/meta/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { ApiError, isConflict, isNotFound } from "../../kube/mod.ts";
import { fieldManager, LABELS, type Ownership, selectorLabels, selectorText } from "../labels.ts";
import type { CheckedRunParams } from "./run_params.ts";
import { ownedBy, workloadDeployment, workloadServiceAccount } from "./workload_objects.ts";

/** How often a write is tried that meets conflicts. */
const ATTEMPTS = 5;

/** Options of the writes. */
export interface WriteOptions {
  /** Sends the requests. */
  client: RestClient;
  /** Name of the coordinator. */
  coordinator: string;
  /** Rejects with its reason when it aborts. */
  signal: AbortSignal;
  /** Whom the Deployment belongs to; nobody if there is none. */
  owners?: OwnerReference[];
  /** Writes only if the Deployment is this very one. */
  uid?: string;
  /** Lets the server check the Deployment, and store nothing. */
  dryRun?: boolean;
}

/**
 * Makes the cluster's objects match the parameters; resolves with the Deployment as it was stored.
 *
 * @throws {Error} when objects of the same name belong to somebody else
 */
export async function applyWorkload(
  params: CheckedRunParams,
  options: WriteOptions,
): Promise<Deployment> {
  return await repeatOnConflict(() => applyOnce(params, options));
}

/**
 * Scales a workload: applies the Deployment alone, if it is still that very one.
 *
 * @throws {Error} when it was deleted
 */
export async function scaleWorkload(
  params: CheckedRunParams,
  options: WriteOptions & { uid: string },
): Promise<Deployment> {
  return await repeatOnConflict(async () => {
    try {
      return await applyDeployment(params, options);
    } catch (e) {
      const isGone = isConflict(e) && e.message.includes(options.uid);
      if (!isGone && !isImmutable(e, "metadata.uid")) throw e;
      throw new Error(`Cannot scale "${params.name}": it was deleted`, { cause: e });
    }
  });
}

/**
 * Begins again when an object was changed or replaced meanwhile, such as an account that was
 * garbage of an earlier Deployment and has just been collected.
 */
async function repeatOnConflict<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await write();
    } catch (e) {
      const isStale = isConflict(e) || isImmutable(e, "metadata.uid");
      if (attempt >= ATTEMPTS || !isStale) throw e;
    }
  }
}

async function applyOnce(params: CheckedRunParams, options: WriteOptions): Promise<Deployment> {
  let account = await findServiceAccount(params, options);
  if (account === undefined) {
    await applyDeployment(params, { ...options, dryRun: true });
    // without force: another coordinator may just have made it
    account = await applyServiceAccount(params, options, { force: false });
  }
  const deployment = await applyDeployment(params, options);
  const owner = ownedBy(deployment);
  const { uid, ownerReferences } = account.metadata ?? {};
  if (!ownerReferences?.some((reference) => reference.uid === owner.uid)) {
    await applyServiceAccount(params, options, { force: true, uid: uid ?? "", owners: [owner] });
  }
  return deployment;
}

async function applyDeployment(
  params: CheckedRunParams,
  options: WriteOptions,
): Promise<Deployment> {
  const { client, coordinator, signal, uid, owners, dryRun } = options;
  const body = workloadDeployment(params, coordinator, { uid, owners });
  try {
    return await new AppsV1Api(client).namespace(params.namespace).patchDeployment(
      params.name,
      "apply-patch",
      body,
      {
        fieldManager: fieldManager(coordinator),
        force: true,
        dryRun: dryRun ? "All" : undefined,
        abortSignal: signal,
      },
    );
  } catch (e) {
    throw isImmutable(e, "spec.selector") // one with another selector has the name
      ? foreign("Deployment", params, options, { cause: e })
      : e;
  }
}

/** The account of that name if there is one. */
async function findServiceAccount(
  params: CheckedRunParams,
  options: WriteOptions,
): Promise<ServiceAccount | undefined> {
  const { client, coordinator, signal } = options;
  const api = new CoreV1Api(client).namespace(params.namespace);
  try {
    const found = await api.getServiceAccount(params.name, { abortSignal: signal });
    const labels = found.metadata?.labels ?? {};
    const wanted = selectorLabels({ coordinator, workload: params.name });
    if (Object.entries(wanted).every(([key, value]) => labels[key] === value)) return found;
    throw foreign("ServiceAccount", params, options, { owner: labels[LABELS.coordinator] });
  } catch (e) {
    if (isNotFound(e)) return undefined;
    throw e;
  }
}

async function applyServiceAccount(
  params: CheckedRunParams,
  { client, coordinator, signal }: WriteOptions,
  { force, ...tie }: { force: boolean } & Parameters<typeof workloadServiceAccount>[2],
): Promise<ServiceAccount> {
  return await new CoreV1Api(client).namespace(params.namespace).patchServiceAccount(
    params.name,
    "apply-patch",
    workloadServiceAccount(params, coordinator, tie),
    { fieldManager: fieldManager(coordinator), force, abortSignal: signal },
  );
}

/**
 * Deletes a workload's Deployment, and with it all that it owns; resolves with the uids of what
 * will be gone. By label, not by name: so it can never be somebody else's.
 */
export async function deleteWorkload(
  owner: Ownership,
  options: { client: RestClient; namespace: string; signal: AbortSignal },
): Promise<string[]> {
  const api = new AppsV1Api(options.client).namespace(options.namespace);
  const { items } = await api.deleteDeploymentList({
    labelSelector: selectorText(selectorLabels(owner)),
    propagationPolicy: "Foreground", // gone only when its pods are
    abortSignal: options.signal,
  });
  return items.map(({ metadata }) => metadata?.uid ?? "");
}

/**
 * Whether a write was refused because it would change a field that cannot change; with
 * `metadata.uid`, because another object has got the name.
 */
function isImmutable(e: unknown, field: string): boolean {
  if (!(e instanceof ApiError) || e.httpCode !== 422) return false;
  const causes = e.status?.details?.causes ?? [];
  return causes.some((cause) => cause.field === field && cause.message?.includes("immutable"));
}

function foreign(
  kind: string,
  { name, namespace }: CheckedRunParams,
  { coordinator }: WriteOptions,
  { owner, cause }: { owner?: string; cause?: unknown },
): Error {
  const whose = owner
    ? `belongs to coordinator "${owner}"`
    : `is not of coordinator "${coordinator}"`;
  return new Error(
    `Cannot run "${name}" in namespace "${namespace}": ` +
      `a ${kind} of that name exists and ${whose}; choose another name or delete it`,
    { cause },
  );
}
