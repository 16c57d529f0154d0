/** An id that differs from all others: 48 random bits, of which records hold many. */
export function shortId(): string {
  return crypto.randomUUID().slice(-12);
}
