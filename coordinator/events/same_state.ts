/** Whether two states are equal in all but the object they were read from. */
export function sameState<S extends object>(a: S, b: S): boolean {
  return Object.entries(a).every(([field, value]) => {
    if (field === "source") return true;
    const other = (b as Record<string, unknown>)[field];
    return typeof value === "object"
      ? JSON.stringify(value) === JSON.stringify(other)
      : value === other;
  });
}
