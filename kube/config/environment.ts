/** Where variables are read: `Deno.env`, or what a test gives. */
export interface Environment {
  get(name: string): string | undefined;
}

/** An environment variable, or why Deno may not read it. */
export function readVariable(
  name: string,
  env: Environment,
): { value?: string; denied?: string } {
  try {
    return { value: env.get(name) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return { denied: `Deno may not read it, start with --allow-env=${name}` };
  }
}
