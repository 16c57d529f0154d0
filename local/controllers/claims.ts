/**
 * Which objects a controller has: it keeps those that it controls and that its selector
 * selects, releases those that are not selected any more, and adopts what is selected and
 * nobody's.
 *
 * @module
 */
import {
  controlledBy,
  controllerOf,
  isDeleting,
  type Item,
  type Kind,
  type LabelSelector,
  type Meta,
  selects,
  type Write,
} from "../objects/mod.ts";

/** What is claimed, and the writes that make it so. */
export interface Claims<T extends Item> {
  /** What the owner has, with what it adopts and without what it releases. */
  readonly owned: readonly T[];
  readonly adoptions: readonly Write[];
  readonly releases: readonly Write[];
}

/** How {@linkcode claim} writes. */
export interface ClaimOptions<T extends Item> {
  readonly kind: Kind<T>;
  /** A finalizer that what is owned has, and what is released has not. @default none */
  readonly finalizer?: string;
}

/** Decides what `owner` has among `candidates`. */
export function claim<T extends Item>(
  owner: Item & { readonly spec: { readonly selector: LabelSelector } },
  candidates: Iterable<T>,
  options: ClaimOptions<T>,
): Claims<T> {
  const owned: T[] = [];
  const adoptions: Write[] = [];
  const releases: Write[] = [];
  for (const item of candidates) {
    const controller = controllerOf(item);
    const selected = selects(owner.spec.selector, item.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) owned.push(item);
      else if (!isDeleting(owner)) releases.push(releaseOf(owner, item, options));
    } else if (selected && !isDeleting(owner) && !isDeleting(item)) {
      owned.push(item);
      adoptions.push(adoptionOf(owner, item, options));
    }
  }
  return { owned, adoptions, releases };
}

function adoptionOf<T extends Item>(owner: Item, item: T, options: ClaimOptions<T>): Write {
  const { finalizers = [] } = item.metadata;
  const others = ownersWithout(owner, item.metadata);
  const { finalizer } = options;
  return refer(item, options, {
    ownerReferences: [...others, controlledBy(owner)],
    ...(finalizer && !finalizers.includes(finalizer) && { finalizers: [...finalizers, finalizer] }),
  });
}

function releaseOf<T extends Item>(owner: Item, item: T, options: ClaimOptions<T>): Write {
  const { finalizers = [] } = item.metadata;
  const owners = ownersWithout(owner, item.metadata);
  const left = finalizers.filter((name) => name !== options.finalizer);
  return refer(item, options, {
    ownerReferences: owners.length > 0 ? owners : null,
    ...(left.length < finalizers.length && { finalizers: left }),
  });
}

function ownersWithout(owner: Item, { ownerReferences = [] }: Meta) {
  return ownerReferences.filter((reference) => reference.uid !== owner.metadata.uid);
}

/** Replaces the list of owners of just this version of the object. */
function refer<T extends Item>(item: T, { kind }: ClaimOptions<T>, changed: object): Write {
  const { namespace, name, uid, resourceVersion } = item.metadata;
  const metadata = { uid, resourceVersion, ...changed };
  return { verb: "patch", kind, target: { namespace, name }, patch: { metadata } };
}
