/**
 * The controllers of a cluster on one machine. They are ordinary API clients: what they need
 * is in the API, and so they run as well against a real kube-apiserver.
 *
 * | controller | does |
 * | --- | --- |
 * | deployment | keeps replica sets for templates, rolls from one to the next |
 * | replica set | keeps the number of pods |
 * | stateful set | keeps pods with names and claims of their own, one after another |
 * | daemon set | keeps a pod on each node |
 * | volume | binds claims to volumes, asks provisioners for them |
 * | local path provisioner | makes volumes: directories of this machine |
 * | job | runs pods until enough have succeeded; deletes what is over and expired |
 * | cron job | makes Jobs by the clock, in any time zone |
 * | node lifecycle | notices silent nodes: conditions, taints, pods not ready |
 * | taint eviction | deletes the pods of lost nodes |
 * | pod garbage collector | removes pods that nobody else will |
 * | garbage collector | deletes what has lost its owner; foreground and orphan deletions |
 * | namespace | empties a namespace that is being deleted |
 * | service account | `default` in every namespace |
 *
 * Left out: zones and disruption modes of the node lifecycle (it evicts even when all nodes
 * are lost), success policies of Jobs, kinds that are added after the start, the
 * `kube-root-ca.crt` config map.
 *
 * @module
 */
export { Controllers, type ControllersOptions, startControllers } from "./start_controllers.ts";
export {
  LOCAL_CLASS,
  LOCAL_PATH,
  type LocalPathProvisionerOptions,
  startLocalPathProvisioner,
} from "./local_path_provisioner.ts";
