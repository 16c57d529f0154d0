/** Kubernetes' `$(VAR)` references in commands, arguments and environment values. */

/**
 * Replaces each `$(NAME)` by its value. `$$` stands for `$`, so `$$(NAME)` is literal; a
 * reference to an unknown name, and any other `$`, stays as it is.
 *
 * @example
 * ```ts ignore
 * expand("http://$(HOST)/", { HOST: "a" }); // "http://a/"
 * ```
 */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return "$";
    return Object.hasOwn(env, name) ? env[name]! : match;
  });
}
