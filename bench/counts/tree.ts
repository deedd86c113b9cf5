// The trees that are counted: this one, and another commit, built in a temporary worktree. Each is copied to
// one place,
// because V8's hash tables and a guest's stack hold paths, and counts differ by some percent with them.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const git = (...args: string[]): string | undefined => {
  const { status, stdout } = spawnSync("git", ["-C", top, ...args], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
};

/** The same in each clone. Two counts at a time would disturb one another here. */
const stage = "/var/tmp/trapgate-counts";
/** The clock of counted runs (clock.cjs). */
export const clock = join(stage, "clock.cjs");
/** Copies the built command line of a tree to the stage. Returns the path of the command. */
export const enter = (tree: string): string => {
  rmSync(stage, { recursive: true, force: true });
  for (const part of ["bin", "package.json", join("dist", "bundle"), join("dist", ".stamp")])
    cpSync(join(tree, part), join(stage, part), { recursive: true });
  cpSync(join(top, "bench", "counts", "clock.cjs"), clock);
  return join(stage, "bin", "trapgate.js");
};
/** Copies a program to the stage. Returns its path there. */
export const enterProgram = (file: string): string => {
  const there = join(stage, "programs", basename(file));
  cpSync(file, there);
  return there;
};
export const leave = (): void => rmSync(stage, { recursive: true, force: true });

export interface Tree {
  readonly top: string;
  readonly remove: () => void;
}

const built = (folder: string): boolean => {
  const npm = (...args: string[]): boolean => spawnSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  const lock = (at: string): string => readFileSync(join(at, "package-lock.json"), "utf8");
  if (lock(folder) === lock(top))
    cpSync(join(top, "node_modules"), join(folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
  else if (!npm("ci", "--no-audit", "--no-fund", "--loglevel=error")) return false;
  return npm("run", "--silent", "build");
};

/** The tree of a revision; undefined if there is none, or if it does not build. */
export const treeOf = (revision: string): Tree | undefined => {
  const commit = git("rev-parse", "--verify", "--quiet", `${revision}^{commit}`);
  if (commit === undefined) return undefined;
  // Not in /tmp: guests mount that without set-user-ID programs, and the build would find that starts need
  // less.
  mkdirSync(join(top, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(top, ".cache", "tree-"));
  const remove = (): void => {
    git("worktree", "remove", "--force", folder);
    rmSync(folder, { recursive: true, force: true });
  };
  if (git("worktree", "add", "--detach", "--force", folder, commit) !== undefined && built(folder)) return { top: folder, remove };
  remove();
  return undefined;
};
