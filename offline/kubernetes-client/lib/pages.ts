/** Lists that come in pages. */

/** Calls `pageFunc` with each continue token in turn, as long as there is one. */
export async function* readAllPages<T, U extends { continue?: string | null }>(
  pageFunc: (token?: string) => Promise<{ metadata: U; items: T[] }>,
): AsyncGenerator<{ metadata: U; items: T[] }, void, unknown> {
  for (let token: string | undefined, first = true; first || token; first = false) {
    const page = await pageFunc(token);
    yield page;
    token = page.metadata.continue ?? undefined;
  }
}

/** The items of all pages. */
export async function* readAllItems<T>(
  pageFunc: (token?: string) => Promise<{
    metadata: { continue?: string | null };
    items: T[];
  }>,
): AsyncGenerator<Awaited<T>, void, undefined> {
  for await (const page of readAllPages(pageFunc)) yield* page.items;
}
