// The user's folder for what can be made again.
import { isAbsolute, join } from "node:path";
import { attempt } from "./node-cache-files.ts";

/** os.homedir() throws for a user without an entry in the passwd file, as in a container. */
const homeOf = (): string => process.env["HOME"] ?? attempt(() => process.getBuiltinModule("node:os").homedir()) ?? "";

/**
 * Where the XDG base directory specification has it, which wants paths that are not absolute ignored.
 * Undefined for a user without a home.
 */
export const cacheFolder = (): string | undefined => {
  const { XDG_CACHE_HOME: base = "" } = process.env;
  const home = homeOf();
  if (isAbsolute(base)) return join(base, "trapgate");
  return isAbsolute(home) ? join(home, ".cache", "trapgate") : undefined;
};
