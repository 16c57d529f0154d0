/** What stands for a container image on a machine without a container runtime: a command. */

/**
 * A command line, or a command with defaults for what a pod may override: a pod's `command`
 * replaces `command` and `args`, a pod's `args` replaces `args` only (as with ENTRYPOINT and CMD).
 */
export type ImageSpec = string[] | {
  /** Program and its fixed arguments. */
  command: string[];
  /** Arguments that a pod's `args` replace. */
  args?: string[];
  /** Environment that every container of this image gets. */
  env?: Record<string, string>;
  /** Working directory when the pod states none. */
  cwd?: string;
};

/** An {@linkcode ImageSpec} with all fields there. */
export interface Image {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** Brings both forms of an {@linkcode ImageSpec} into one. */
export function toImage(spec: ImageSpec): Image {
  if (Array.isArray(spec)) return { command: spec, args: [], env: {}, cwd: undefined };
  return { command: spec.command, args: spec.args ?? [], env: spec.env ?? {}, cwd: spec.cwd };
}

/** The command line of a container: what the pod says, else what the image says. */
export function commandLine(
  image: Image,
  pod: { command?: string[] | null; args?: string[] | null },
): string[] {
  const command = pod.command ?? [];
  const args = pod.args ?? [];
  if (command.length > 0) return [...command, ...args];
  return [...image.command, ...(args.length > 0 ? args : image.args)];
}
