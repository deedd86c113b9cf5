// ARCHITECTURE.md's map as a test: imports go down from floor to floor and from room to room, and the core
// knows no host.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** Floor (a top folder, or a file in src/) -> the floors it may import besides itself. */
const below: Record<string, readonly string[]> = {
  "problem-table.ts": [],
  "problem.ts": ["problem-table.ts"],
  "nearest.ts": [],
  "visible.ts": [],
  "wants.ts": ["nearest.ts", "problem.ts", "problem-table.ts"],
  "budget.ts": ["wants.ts", "problem.ts"],
  abi: [],
  "failure.ts": ["abi"],
  wasm: [],
  cpu: ["wasm", "abi", "nearest.ts", "problem.ts"],
  memory: ["cpu", "abi"],
  seccomp: ["wants.ts", "wasm", "abi", "nearest.ts", "budget.ts", "problem.ts"],
  policy: ["wants.ts", "seccomp", "abi", "nearest.ts", "problem-table.ts", "budget.ts", "problem.ts"],
  kernel: ["memory", "seccomp", "cpu", "wasm", "abi", "failure.ts", "budget.ts", "problem.ts"],
  machine: [
    "wants.ts",
    "kernel",
    "memory",
    "policy",
    "seccomp",
    "cpu",
    "abi",
    "nearest.ts",
    "problem-table.ts",
    "budget.ts",
    "problem.ts",
    "visible.ts",
  ],
  image: ["machine", "kernel", "abi", "budget.ts", "problem.ts"],
  landmines: ["machine", "kernel", "seccomp", "budget.ts", "problem.ts"],
  browser: ["image", "machine", "kernel", "memory", "cpu", "abi", "problem-table.ts", "budget.ts", "problem.ts"],
  host: ["image", "machine", "kernel", "abi", "budget.ts", "problem.ts", "cpu"],
  cli: [
    "landmines",
    "host",
    "image",
    "machine",
    "kernel",
    "policy",
    "seccomp",
    "cpu",
    "abi",
    "nearest.ts",
    "problem-table.ts",
    "budget.ts",
    "problem.ts",
    "visible.ts",
  ],
  "index.ts": ["machine", "kernel", "budget.ts", "failure.ts", "problem-table.ts", "problem.ts"],
  "internal.ts": ["machine", "cpu"],
  "node.ts": ["host", "kernel"],
  vitest: ["abi", "wants.ts", "machine", "policy", "seccomp", "nearest.ts", "problem.ts"],
};
/**
 * Rooms of a floor, lowest first: a room may import values of the rooms before it, and types of all. Rooms
 * in one line do not import each other. A folder's index.ts is its front door, a room above all rooms of
 * that folder.
 */
const rooms: Record<string, readonly string[]> = {
  cpu: [
    "machine jit/cache",
    "isa generated",
    "isa/rows/integer isa/rows/sse",
    "isa/rows/avx isa/rows/system isa/rows/x87",
    "isa/rows/index.ts",
    "isa/rows",
    "decode",
    "text",
    "describe",
    "codegen",
    "helpers",
    "interp",
    "baseline",
    "jit/profile",
    "jit/cfg",
    "jit/tracing",
    "jit/analysis",
    "jit/emit",
    "jit/runtime",
    "oracle",
    "",
    "describe/index.ts",
    "jit index.ts",
  ],
  memory: ["huge", "", "show calls", "calls/index.ts"],
  policy: ["input", "", "explain", "formats/systemd formats/text", "formats", "why", "audit learn coverage", "html", "index.ts"],
  seccomp: ["bpf", "", "profile", "asm", "diagram", "diagram/index.ts", "index.ts"],
  kernel: [
    "exec",
    "base",
    "cgroup",
    "cred",
    "fs/mount",
    "fs/vfs",
    "fs/files signal",
    "fs/types syscall task timer",
    "net/options",
    "net/filter",
    "fs/proc/config fs/proc/machine fs/proc/process fs/proc/sysctl net/ip net/tcp",
    "net fs/tty",
    "fs/proc",
    "namespace net/outside",
    "futex",
    "fs/sys",
    "fs user-notif ptrace",
    "lifecycle coredump",
    "calls/memory calls/system calls/file calls/signal calls/time",
    "calls/dir calls/futex calls/mount calls/net calls/poll calls/security",
    "calls/process",
    "calls",
    "features/aio features/ext2 features/fanotify features/io-uring features/keyrings features/landlock features/mqueue features/netlink features/overlayfs features/raw-sockets features/system-v-ipc features/userfaultfd",
    "features/io-uring/index.ts features/aio/index.ts features/keyrings/index.ts features/fanotify/index.ts features/ext2/index.ts features/overlayfs/index.ts features/netlink/index.ts features/raw-sockets/index.ts features/system-v-ipc/index.ts features/mqueue/index.ts features/landlock/index.ts features/userfaultfd/index.ts",
    "features features/index.ts",
    "calls/index.ts entry show",
    "sched",
    "",
  ],
  machine: ["stack", "tracing", "tracing/strace", "", "explore", "snapshot", "api"],
  landmines: ["catalogue", "catalogue/index.ts", ""],
  browser: ["image", "", "index.ts"],
};
/** Modules from outside, and the files that may import them. */
const outside: readonly { readonly from: RegExp; readonly what: RegExp }[] = [
  { from: /^(cli|host)\//, what: /^node:/ },
  { from: /^cli\//, what: /^picocolors$/ },
  { from: /^policy\//, what: /^(zod|yaml)$/ },
  { from: /^vitest\//, what: /^(vitest|node:.*)$/ },
  { from: /^(machine\/api|image|host\/overlay)\//, what: /^zod$/ },
  { from: /^image\//, what: /^modern-tar$/ },
  { from: /^image\//, what: /^fzstd$/ },
  { from: /^(browser\/image|machine\/snapshot)\//, what: /^fflate$/ },
];
/** Files a folder, at most. Rows, tables and the routines' AssemblyScript are not counted. */
const mostFiles = 24;

interface Import {
  readonly file: string;
  readonly specifier: string;
  /** Relative to src/; undefined: a package. */
  readonly target: string | undefined;
  readonly isType: boolean;
}
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts") && !f.includes("routines/"));
const onlyTypes = (clause: string): boolean => {
  if (/^\s*type\b/.test(clause)) return true;
  const names =
    /\{([^}]*)\}/
      .exec(clause)?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "") ?? [];
  return names.length > 0 && names.every((name) => /^\s*type\b/.test(name));
};
const statement = /^(?:import|export)\b([^"'`;]*?)\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;
const imports: readonly Import[] = files.flatMap((file) =>
  [...readFileSync(join(src, file), "utf8").matchAll(statement)].map((m): Import => {
    const specifier = (m[2] ?? m[3] ?? m[4]) as string;
    const target = specifier.startsWith(".") ? relative(src, join(src, dirname(file), specifier)) : undefined;
    return { file, specifier, target, isType: onlyTypes(m[1] ?? "") };
  }),
);
const floor = (file: string): string => file.split("/")[0] as string;
const room = (file: string): string => {
  const within = file.slice(floor(file).length + 1);
  return /(^|\/)index\.ts$/.test(within) ? within : dirname(within).replace(/^\.$/, "");
};
const level = (file: string): number => (rooms[floor(file)] ?? []).findIndex((line) => line.split(" ").includes(room(file)));
const said = ({ file, specifier }: Import): string => `src/${file} imports ${specifier}`;

/** Circles among files that import each other's values, as text. */
const circles = (): string[] => {
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const values = (file: string) => imports.filter((i) => i.file === file && !i.isType && i.target !== undefined);
  const visit = (file: string): void => {
    const since = way.indexOf(file);
    if (since >= 0) found.push([...way.slice(since), file].join(" -> "));
    if (since >= 0 || done.has(file)) return;
    way.push(file);
    for (const { target } of values(file)) visit(target as string);
    way.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
};

describe("the import graph", () => {
  it("has a known floor and a known room for every file", () => {
    expect(files.filter((f) => !(floor(f) in below))).toEqual([]);
    expect(files.filter((f) => floor(f) in rooms && level(f) < 0)).toEqual([]);
  });
  it("goes down from floor to floor", () => {
    const up = imports.filter(
      ({ file, target }) => target !== undefined && floor(target) !== floor(file) && !below[floor(file)]?.includes(floor(target)),
    );
    expect(up.map(said)).toEqual([]);
  });
  it("goes down from room to room, types apart", () => {
    const up = imports.filter(({ file, target, isType }) => {
      if (isType || target === undefined || floor(target) !== floor(file) || !(floor(file) in rooms) || room(target) === room(file))
        return false;
      return level(target) >= level(file);
    });
    expect(up.map(said)).toEqual([]);
  });
  it("has no circle of files that import each other's values", () => {
    expect(circles()).toEqual([]);
  });
  it("reaches the host and packages only where people come in", () => {
    const wrong = imports.filter((i) => i.target === undefined && !outside.some((o) => o.from.test(i.file) && o.what.test(i.specifier)));
    expect(wrong.map(said)).toEqual([]);
  });
  it("lets no floor name one above it in the table itself", () => {
    const order = Object.keys(below);
    for (const [name, list] of Object.entries(below)) for (const l of list) expect(order.indexOf(l)).toBeLessThan(order.indexOf(name));
  });
});

describe("folders", () => {
  it(`hold at most ${mostFiles} files`, () => {
    const size = (folder: string): number => files.filter((f) => dirname(f) === folder).length;
    const folders = [...new Set(files.map((f) => dirname(f)))].filter((folder) => !/(^|\/)rows(\/|$)/.test(folder));
    expect(folders.filter((folder) => size(folder) > mostFiles)).toEqual([]);
  });
});
