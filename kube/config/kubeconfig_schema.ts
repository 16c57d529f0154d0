/** The shape of a kubeconfig, as far as it is used; other fields pass untouched. */
import { z } from "zod";

const text = z.string().nullish();
const flag = z.boolean().nullish();

/** Of `clusters[].cluster`. */
export const clusterSchema = z.looseObject({
  "server": text,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "insecure-skip-tls-verify": flag,
  "tls-server-name": text,
  "proxy-url": text,
});

const execSchema = z.looseObject({
  apiVersion: z.enum([
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
    "client.authentication.k8s.io/v1alpha1",
  ]),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: z.enum(["Never", "IfAvailable", "Always"]).nullish(),
});

/** Of `users[].user`. */
export const userSchema = z.looseObject({
  "token": text,
  "tokenFile": text,
  "username": text,
  "password": text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  "exec": execSchema.nullish(),
  "auth-provider": z.looseObject({ name: z.string() }).nullish(),
});

/** Of `contexts[].context`. */
export const contextSchema = z.looseObject({ cluster: text, user: text, namespace: text });

/** A kubeconfig file. */
export const kubeconfigSchema = z.looseObject({
  "current-context": text,
  "contexts": z.array(z.looseObject({ name: z.string(), context: contextSchema.nullish() }))
    .nullish(),
  "clusters": z.array(z.looseObject({ name: z.string(), cluster: clusterSchema.nullish() }))
    .nullish(),
  "users": z.array(z.looseObject({ name: z.string(), user: userSchema.nullish() })).nullish(),
});

export type Cluster = z.infer<typeof clusterSchema>;
export type User = z.infer<typeof userSchema>;
export type Context = z.infer<typeof contextSchema>;
export type Kubeconfig = z.infer<typeof kubeconfigSchema>;
