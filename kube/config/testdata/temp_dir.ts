/** A folder of files for one test, removed afterwards. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Writes `content` (JSON unless a string) and tells the path. */
  write(name: string, content: unknown, mode?: number): Promise<string>;
}

export async function makeTempDir(): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix: "troupe-test-" });
  return {
    path,
    async write(name, content, mode) {
      const file = `${path}/${name}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(file, text, { mode });
      return file;
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** A kubeconfig with one context `c`, of `cluster` and `user`. */
export function kubeconfig(
  parts: {
    cluster?: Record<string, unknown>;
    user?: Record<string, unknown>;
    context?: Record<string, unknown>;
  } = {},
): Record<string, unknown> {
  return {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "c",
    "contexts": [{ name: "c", context: { cluster: "k", user: "u", ...parts.context } }],
    "clusters": [{ name: "k", cluster: { server: "https://127.0.0.1:6443", ...parts.cluster } }],
    "users": [{ name: "u", user: parts.user ?? { token: "abc" } }],
  };
}
