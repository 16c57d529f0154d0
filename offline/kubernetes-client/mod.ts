/**
 * Stand-in for `jsr:@cloudydeno/kubernetes-client`: the request contract of the typed clients,
 * kubeconfig files, watch streams and pagination. Transports and reflectors are ours, in `kube/`.
 *
 * @module
 */

export type {
  ApiKind,
  HttpMethods,
  JSONArray,
  JSONObject,
  JSONPrimitive,
  JSONValue,
  KubernetesTunnel,
  RequestOptions,
  RestClient,
  WatchEvent,
  WatchEventBookmark,
  WatchEventError,
  WatchEventObject,
} from "./lib/contract.ts";
export { KubeConfig, KubeConfigContext } from "./lib/kubeconfig.ts";
export { JsonParsingTransformer, WatchEventTransformer } from "./lib/stream-transformers.ts";
export { readAllItems, readAllPages } from "./lib/pages.ts";
