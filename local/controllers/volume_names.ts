/** Annotations and finalizers that all who deal with volumes share. */

/** On a claim: who is to make a volume for it. */
export const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
/** The same under its former name, which servers before 1.23 use. */
export const FORMER_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
/** On a claim whose class waits for its first consumer: the node of that pod. */
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
/** On a volume: who has made it. */
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
/** On a claim: its binding is finished. */
export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
/** On a claim or a volume: a controller, not a user, has bound it. */
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
/** Keeps a claim that a pod uses. */
export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
/** Keeps a volume that is bound. */
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
/** The mode of a class whose claims are bound when a pod that uses them has a node. */
export const WAIT_FOR_CONSUMER = "WaitForFirstConsumer";
