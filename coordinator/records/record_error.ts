/** A record in the cluster holds what cannot be read: somebody has edited it, or it is not ours. */
export class RecordError extends Error {
  /** Always `"RecordError"`. */
  override readonly name = "RecordError";
  /** Name of the ConfigMap. */
  readonly object: string;
  /** Its namespace. */
  readonly namespace: string;

  /**
   * An error about a ConfigMap.
   *
   * @param why what is wrong with it, naming the field
   */
  constructor(
    where: { readonly object: string; readonly namespace: string },
    why: string,
    options?: ErrorOptions,
  ) {
    super(
      `Cannot read ConfigMap "${where.object}" in namespace "${where.namespace}": ${why}`,
      options,
    );
    this.object = where.object;
    this.namespace = where.namespace;
  }
}
