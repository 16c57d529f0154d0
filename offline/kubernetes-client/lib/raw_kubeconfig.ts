/** The shape of a kubeconfig file, as far as it is read. */

export interface RawKubeConfig {
  "apiVersion": "v1";
  "kind": "Config";
  "contexts"?: { name: string; context: ContextConfig }[];
  "clusters"?: { name: string; cluster: ClusterConfig }[];
  "users"?: { name: string; user: UserConfig }[];
  "current-context"?: string;
  "preferences"?: { "colors"?: boolean; "extensions"?: Array<NamedExtension> };
}

export interface ContextConfig {
  "cluster"?: string;
  "user"?: string;
  "namespace"?: string;
  "extensions"?: Array<NamedExtension>;
}

/** `certificate-authority` is a path, `certificate-authority-data` is base64. */
export interface ClusterConfig {
  "server"?: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "extensions"?: Array<NamedExtension>;
}

/** Names without `-data` that name a file are paths; those with it are base64. */
export interface UserConfig {
  "token"?: string;
  "tokenFile"?: string;
  "username"?: string;
  "password"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  /** @deprecated Removed in Kubernetes 1.26 in favor of `exec`. */
  "auth-provider"?: { name: string; config: UserAuthProviderConfig };
  "exec"?: UserExecConfig;
  "extensions"?: Array<NamedExtension>;
}

/** @deprecated Removed in Kubernetes 1.26 in favor of {@linkcode UserExecConfig}. */
export interface UserAuthProviderConfig {
  "access-token"?: string;
  "expiry"?: string;
  "cmd-args": string;
  "cmd-path": string;
  "expiry-key": string;
  "token-key": string;
}

export interface UserExecConfig {
  "apiVersion":
    | "client.authentication.k8s.io/v1alpha1"
    | "client.authentication.k8s.io/v1beta1"
    | "client.authentication.k8s.io/v1";
  "command": string;
  "args"?: string[];
  "env"?: Array<{ "name": string; "value": string }>;
  "installHint"?: string;
  "provideClusterInfo"?: boolean;
  "interactiveMode"?: "Never" | "IfAvailable" | "Always";
}

export interface NamedExtension {
  "name": string;
  "extension"?: unknown;
}

/** The cluster extension whose value an exec plugin is told. */
export const ExecAuthExtensionName = "client.authentication.k8s.io/exec";
