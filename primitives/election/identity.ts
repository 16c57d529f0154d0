/** Where the name of the pod or host is found; Kubernetes sets `HOSTNAME` in each container. */
const VARIABLES = ["POD_NAME", "HOSTNAME"];

/**
 * A name that no other candidate has, and no other start of this program: the pod's or host's name,
 * if Deno may read it (it is never asked for), and something random.
 */
export function uniqueIdentity(): string {
  const random = crypto.randomUUID().slice(0, 8);
  return `${hostName() ?? "candidate"}_${random}`;
}

function hostName(): string | undefined {
  for (const variable of VARIABLES) {
    if (!isGranted({ name: "env", variable })) continue;
    const value = Deno.env.get(variable);
    if (value) return value;
  }
  return isGranted({ name: "sys", kind: "hostname" }) ? Deno.hostname() : undefined;
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
