// Host file trees under a guest that works in a rw, cow or ro mount, while links, folders and files of it are
// swapped by a process of the host: nothing outside of the mount changes or is read, and a mount that is not
// writable stays as it is.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { SyscallName } from "../../src/abi/numbers.ts";
import type { Random } from "../oracle/random.ts";
import { inScratch, isHostException, requireBuild, trapgate } from "./cli.ts";
import { digestOf } from "./digest.ts";
import { guestFolder } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";
import { ARENA_SIZE, at, type Call, encode, type Word } from "./syscalls/script.ts";

/** Arguments are words, or places in `strings`. */
type Step = readonly [SyscallName, ...(readonly Word[])];
const swaps = ["link to the outside file", "link to the outside folder", "folder", "file", "fifo", "hard link", "away", "cut"] as const;
interface Swap {
  readonly name: string;
  readonly by: (typeof swaps)[number];
}
interface Input {
  readonly mode: "rw" | "cow" | "ro";
  readonly steps: readonly Step[];
  readonly times: number;
  /**
   * Repeated changes by the host during the run. They are at the top of the mount, so that the host follows
   * no link itself.
   */
  readonly swaps: readonly Swap[];
}

const OUTSIDE = "outside";
const MOUNT = "mount";
const SECRET = "what only the host may read\n";
// biome-ignore format: table
const names = ["a", "b", "f", "l", "a/f", "a/g", "b/f", "a/l", "b/l", "l/f", "l/secret", "a/../f", "b/c/f", "b/c"] as const;
/** Targets of guests' links. The first two get the scratch folder's name. */
const targets = [
  "/secret",
  "/folder",
  "../outside/secret",
  "../outside/folder",
  "f",
  "a",
  "../../../../etc/passwd",
  "/proc/self/root",
] as const;

const TEXT = 128;
const nameAt = (name: (typeof names)[number]): Word => `0x${(at.arena + 64 * names.indexOf(name)).toString(16)}`;
const targetAt = (i: number): Word => `0x${(at.arena + 64 * names.length + TEXT * i).toString(16)}`;
const buffer = `0x${(at.arena + 0x3000).toString(16)}`;
const times = `0x${(at.arena + 0x3800).toString(16)}`;
const HERE = "-100";
const EMPTY_PATH = `0x${(at.arena + 0x3f00).toString(16)}`;

/** Calls in a row that belong together; `$0` is the first's result. */
const group = (r: Random): Step[] => {
  const name = () => nameAt(r.pick(names));
  const opened = (flags: number, ...rest: readonly Step[]): Step[] => [["open", name(), String(flags), "0644"], ...rest, ["close", "$0"]];
  const READ: readonly Step[] = [
    ["read", "$0", buffer, "64"],
    ["write", "1", buffer, "64"],
  ];
  return r.pick<() => Step[]>([
    () => opened(0o102, ["write", "$0", buffer, "10"], ["ftruncate", "$0", "3"], ["fchmod", "$0", "0o777"]),
    () => opened(0o1102, ["fchown", "$0", "1234", "1234"], ["utimensat", "$0", "0", times, "0"]),
    () => opened(0, ...READ),
    () => opened(0o200000, ["fchmod", "$0", "0o700"], ["getdents64", "$0", buffer, "512"], ["fchown", "$0", "7", "7"]),
    () => opened(0o10400000, ["fchownat", "$0", EMPTY_PATH, "1234", "1234", "0x1000"]),
    () => opened(0o2, ["rename", name(), name()], ["pwrite64", "$0", buffer, "8", "0"], ["fallocate", "$0", "0", "0", "100"]),
    () => [
      ["symlink", targetAt(r.below(targets.length)), name()],
      ["lchown", name(), "1234", "1234"],
    ],
    () => [["utimensat", HERE, name(), times, "0x100"]],
    () => [["mkdir", name(), "0o755"]],
    () => [
      ["rename", name(), name()],
      ["chmod", name(), "0o777"],
    ],
    () => [["renameat2", HERE, name(), HERE, name(), "2"]],
    () => [
      ["link", name(), name()],
      ["truncate", name(), "1"],
    ],
    () => [
      ["unlink", name()],
      ["rmdir", name()],
    ],
    () => [
      ["chown", name(), "99", "99"],
      ["chmod", name(), "0o600"],
    ],
    () => [["mknod", name(), String(r.pick([0o10644, 0o100644, 0o140644])), "0"]],
    () => [
      ["chdir", name()],
      ["open", nameAt("f"), "0o102", "0o644"],
      ["chdir", EMPTY_PATH],
      ["chdir", `0x${(at.arena + 0x3f08).toString(16)}`],
    ],
    () => [
      ["setxattr", name(), EMPTY_PATH, buffer, "4", "0"],
      ["readlink", name(), buffer, "64"],
      ["stat", name(), buffer],
    ],
  ])();
};

const draw = (r: Random): Input => ({
  mode: r.pick(["rw", "rw", "cow", "ro"]),
  steps: Array.from({ length: 6 + r.below(20) }, () => group(r)).flat(),
  times: r.pick([1, 20, 300]),
  swaps: r.chance(0.3) ? [] : Array.from({ length: 2 + r.below(6) }, () => ({ name: r.pick(["a", "b", "f", "l"]), by: r.pick(swaps) })),
});

const scriptOf = ({ steps, times: rounds }: Input, outside: string): Uint8Array => {
  const arena = new Uint8Array(ARENA_SIZE);
  const put = (text: string, where: number): void => arena.set(new TextEncoder().encode(text), where);
  for (const [i, name] of names.entries()) put(name, 64 * i);
  for (const [i, target] of targets.entries()) put(i < 2 ? outside + target : target, 64 * names.length + TEXT * i);
  put("/m", 0x3f08);
  let first = 2;
  let index = 2;
  const calls = steps.map(([call, ...args]): Call => {
    // A group begins with the call that gives its `$0`.
    if (!args.includes("$0")) first = index;
    const words = args.map((word) => (word === "$0" ? `$${first}` : /^0[0-7]+$/.test(word) ? `0o${word.slice(1)}` : word));
    return { abi: "x64", call, args: words, index: index++ };
  });
  return encode({ before: [], chunks: [{ index: 0, calls, times: rounds, here: true }], arena: Buffer.from(arena).toString("base64") });
};

/** Everything about a tree that a guest could change. */
const hashOf = (folder: string): string => {
  const hash = createHash("sha256");
  const visit = (path: string): void => {
    const s = lstatSync(path, { bigint: true });
    hash.update([path.slice(folder.length), s.mode, s.uid, s.gid, s.nlink, s.isDirectory() ? 0 : s.size, s.mtimeNs].join(" "));
    if (s.isFile()) hash.update(readFileSync(path));
    if (s.isSymbolicLink()) hash.update(readlinkSync(path));
    if (s.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(folder);
  return hash.digest("hex");
};

const attempt = (action: () => void): void => {
  try {
    action();
  } catch {
    // The guest was there first.
  }
};

const swap = (mount: string, outside: string, { name, by }: Swap): void => {
  const path = join(mount, name);
  // Put in place by a rename, as an attacker would: there is no moment without it.
  const fresh = join(mount, `.new-${by.replaceAll(" ", "-")}`);
  attempt(() => rmSync(fresh, { recursive: true, force: true }));
  attempt(() => {
    if (by === "link to the outside file") symlinkSync(join(outside, "secret"), fresh);
    if (by === "link to the outside folder") symlinkSync(join(outside, "folder"), fresh);
    if (by === "folder") mkdirSync(fresh);
    if (by === "file") writeFileSync(fresh, "inside\n");
    if (by === "fifo") spawnSync("mkfifo", [fresh]);
    if (by === "hard link") linkSync(join(mount, "f"), fresh);
    if (by === "cut")
      return closeSync(openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) renameSync(path, join(mount, ".gone"));
    if (by === "away") rmSync(path, { force: true });
    else renameSync(fresh, path);
  });
  attempt(() => rmSync(join(mount, ".gone"), { recursive: true, force: true }));
};

const PATIENCE = 15;

const check = (input: Input): Promise<{ inputs: number; digest: string; finding?: Finding }> =>
  inScratch(async (scratch) => {
    const [outside, mount] = [join(scratch, OUTSIDE), join(scratch, MOUNT)];
    for (const folder of [outside, join(outside, "folder"), mount, join(mount, "a"), join(mount, "b"), join(mount, "b", "c")])
      mkdirSync(folder);
    for (const file of ["secret", "folder/f", "folder/secret"]) writeFileSync(join(outside, file), SECRET);
    for (const file of ["f", "a/f", "b/f"]) writeFileSync(join(mount, file), "inside\n");
    const [before, mountBefore] = [hashOf(outside), hashOf(mount)];
    let running = true;
    const swapping = (async () => {
      for (let n = 0; running && input.swaps.length > 0; n++) {
        swap(mount, outside, input.swaps[n % input.swaps.length] as Swap);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const args = [
      "run",
      "--code-cache",
      "off",
      "--timeout",
      "5",
      "--mount",
      `${mount}:/m:${input.mode}`,
      "--cwd",
      "/m",
      `${guestFolder}script`,
    ];
    const ended = await trapgate(args, { stdin: scriptOf(input, outside), seconds: PATIENCE });
    running = false;
    await swapping;
    const verdict = noFinding(1, digestOf(JSON.stringify(input)));
    const finding = (rule: string, expected: string, seen: string) => ({ ...verdict, finding: { rule, expected, seen } });
    const after = hashOf(outside);
    if (after !== before) return finding("nothing outside of the mount changes", before, after);
    if (ended.stdout.includes(SECRET.trim()))
      return finding("nothing outside of the mount is read", "no secret", "the secret on standard output");
    if (isHostException(ended))
      return finding("no guest ends the host process", "an exit status", `${ended.end}: ${ended.stderr.slice(0, 800)}`);
    if (ended.end === "SIGKILL") return finding("a run with a mount ends", `an end within ${PATIENCE} s`, "none");
    if (input.mode !== "rw" && input.swaps.length === 0 && hashOf(mount) !== mountBefore)
      return finding("a mount that is not writable stays", mountBefore, hashOf(mount));
    return verdict;
  });

export const tree = kind<Input>({
  summary: "guests in rw, cow and ro mounts, links swapped under them: nothing outside changes or is read",
  bounds: { seconds: 60, megabytes: 1500 },
  needs: requireBuild,
  draw,
  check,
  parts: {
    of: ({ steps, swaps: list }) => [...steps.map((step) => ({ step })), ...list.map((s) => ({ swap: s }))],
    with: (input, parts) => {
      const some = parts as readonly { readonly step?: Step; readonly swap?: Swap }[];
      return { ...input, steps: some.flatMap((p) => (p.step ? [p.step] : [])), swaps: some.flatMap((p) => (p.swap ? [p.swap] : [])) };
    },
  },
});
