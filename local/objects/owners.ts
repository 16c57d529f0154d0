/**
 * Who owns an object.
 *
 * @module
 */
import type { Item, OwnerReference } from "./types.ts";

/** The reference to the object's controller, if it has one. */
export function controllerOf(item: Item): OwnerReference | undefined {
  return item.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference by which `owner` controls others. */
export function controlledBy(owner: Item): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Whether the object is being deleted. */
export function isDeleting(item: Item): boolean {
  return item.metadata.deletionTimestamp !== undefined;
}

/** Orders by age, oldest first, and by name where the age is equal. */
export function byAge(a: Item, b: Item): number {
  const [left, right] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
}
