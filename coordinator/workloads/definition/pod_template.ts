import type { PodTemplateSpec } from "@cloudydeno/kubernetes-apis/core/v1";
import { restrictedPod } from "../../../manifests/mod.ts";
import { type Ownership, ownLabels } from "../../labels.ts";
import type { CheckedRunParams } from "../run_params.ts";
import { resourcesOf, workerContainer } from "./container.ts";
import { seconds } from "./params/schemas.ts";
import { placementOf } from "./placement.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { mountsOf, volumesOf } from "./volumes.ts";

/**
 * The pods of a workload: restricted ones, with what the user says put over it. Nothing in it is
 * shared with the parameters or another object, so that a patch changes only what it means to.
 */
export function podTemplate(params: CheckedRunParams, owner: Ownership): PodTemplateSpec {
  const pod = restrictedPod(workerContainer(params, owner), {
    serviceAccountName: params.serviceAccount ?? params.name,
    automountServiceAccountToken: params.automountToken ?? params.primitives !== undefined,
  });
  const [container] = pod.containers;
  const { grace, imagePullSecrets = [], annotations } = params;
  return {
    metadata: {
      labels: { ...params.labels, ...ownLabels(owner) },
      ...(annotations && { annotations: { ...annotations } }),
    },
    spec: {
      ...pod,
      ...(grace !== undefined && { terminationGracePeriodSeconds: seconds(grace) }),
      ...(imagePullSecrets.length > 0 && {
        imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
      }),
      ...placementOf(params, owner),
      securityContext: podSecurity(params, pod.securityContext!),
      containers: [{
        ...container!,
        resources: resourcesOf(params, container!.resources!),
        securityContext: containerSecurity(params, container!.securityContext!),
        volumeMounts: [...container!.volumeMounts!, ...mountsOf(params)],
      }],
      volumes: [...pod.volumes!, ...volumesOf(params)],
    },
  };
}
