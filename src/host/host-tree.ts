// The library's door to this host's folders: arguments are checked, then it is the command line's tree.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HostTree, HostTreeOptions } from "../kernel/fs/types/host-tree.ts";
import { checkTreeOptions } from "../machine/api/check.ts";
import { Problem } from "../problem.ts";
import { nodeTree } from "./node-tree.ts";

const pathOf = (folder: unknown): string => {
  if (typeof folder === "string" && folder !== "") return folder;
  const { href } = Object(folder) as { readonly href?: unknown };
  if (typeof href === "string" && href.startsWith("file:")) return fileURLToPath(href);
  throw new Problem("bad-property-value", `hostTree wants the path of a folder or a file: URL, not ${JSON.stringify(folder)}`);
};

/**
 * A folder of this host by its path or its `file:` URL, for `root` and `mounts` of a machine. As `root` it is
 * seen copy-on-write: the guest's changes stay in the machine. A guest path never follows a symbolic link out
 * of the folder.
 *
 * @throws {Problem} There is no such folder, or an option is wrong.
 *
 * @example
 * const run = await Machine.run("/usr/bin/python3", { root: hostTree("/"), args: ["-c", "print(6 * 7)"] });
 * run.stdout.text;   // "42\n"
 */
export const hostTree = (folder: string | { readonly href: string }, options: HostTreeOptions = {}): HostTree => {
  checkTreeOptions(options);
  const path = pathOf(folder);
  try {
    if (statSync(path).isDirectory()) return nodeTree(path, options);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Problem("bad-mount", `${path} ${code === "ENOENT" ? "does not exist" : `cannot be read: ${code}`}`, { cause });
  }
  throw new Problem("bad-mount", `${path} is not a folder`);
};
