import { fromDeployment } from "@cloudydeno/kubernetes-apis/apps/v1";
import { fromServiceAccount } from "@cloudydeno/kubernetes-apis/core/v1";
import {
  fromRole,
  fromRoleBinding,
} from "@cloudydeno/kubernetes-apis/rbac.authorization.k8s.io/v1";
import { stringify } from "yaml";
import { greeterManifests, type GreeterOptions } from "./greeter.ts";

/** Says in each file where it comes from. */
const HEADER = "# Printed by manifests/print.ts; change what it prints, not this file.\n";

/** The files of this folder that `kubectl apply -k` reads, by name. */
export function manifestFiles(options: GreeterOptions = {}): Record<string, string> {
  const { serviceAccount, role, roleBinding, deployment } = greeterManifests(options);
  const objects: Record<string, unknown> = {
    "service_account.yaml": fromServiceAccount(serviceAccount),
    "role.yaml": fromRole(role),
    "role_binding.yaml": fromRoleBinding(roleBinding),
    "deployment.yaml": fromDeployment(deployment),
  };
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: Object.keys(objects),
  };
  const files = { ...objects, "kustomization.yaml": kustomization };
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, HEADER + toYaml(content)]),
  );
}

function toYaml(content: unknown): string {
  return stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}
