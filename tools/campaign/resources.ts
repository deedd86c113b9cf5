// Mixtures of piling up and keeping busy, under --memory and --timeout: the run ends in time, in bounded
// memory, and throws nothing.
import type { SyscallName } from "../../src/abi/numbers.ts";
import type { Random } from "../oracle/random.ts";
import { type Ended, inScratch, isHostException, requireBuild, trapgate } from "./cli.ts";
import { digestOf } from "./digest.ts";
import { guestFolder } from "./guests.ts";
import { kind, noFinding } from "./kind.ts";
import { ARENA_SIZE, at, type Call, type Chunk, encode, type Word } from "./syscalls/script.ts";

/** A call as it stands in a recipe: `$0`, `$1` are results of calls of the recipe. */
type Step = readonly [SyscallName, ...(readonly (number | Word)[])];
interface Loop {
  readonly recipe: keyof typeof recipes;
  readonly times: number;
  /**
   * True: the loop runs in a child, which is killed after 30 virtual milliseconds. Otherwise its objects
   * stay.
   */
  readonly inChild: boolean;
  readonly size: number;
}
interface Input {
  readonly loops: readonly Loop[];
  readonly megabytes: number;
  readonly uid: number;
}

const text = {
  path: at.arena,
  zero: at.arena + 16,
  other: at.arena + 32,
  tmpfs: at.arena + 48,
  maps: at.arena + 64,
  random: at.arena + 96,
} as const;
const strings: Readonly<Record<keyof typeof text, string>> = {
  path: "f",
  zero: "/dev/zero",
  other: "g",
  tmpfs: "tmpfs",
  maps: "/proc/self/maps",
  random: "/dev/urandom",
};
const pair = at.arena + 0x200;
const iovecs = at.arena + 0x400;
const fprog = at.arena + 0x300;
const PIPE = `@${pair + 4}`;
const scratch = at.scratch;
const far = 0x10_0000_0000;

/** The work of a loop, by the size of the requested objects. */
const recipes = {
  pipes: (n) => [
    ["pipe2", pair, 0o4000],
    ["fcntl", PIPE, 1031, n],
    ["write", PIPE, scratch, 65536],
  ],
  sockets: (n) => [
    ["socketpair", 1, 1 | 0o4000, 0, pair],
    ["write", PIPE, scratch, Math.min(n, 131072)],
  ],
  datagrams: () => [
    ["socketpair", 1, 2 | 0o4000, 0, pair],
    ["write", PIPE, scratch, 4096],
    ["write", PIPE, scratch, 4096],
  ],
  memfds: (n) => [
    ["memfd_create", text.path, 0],
    ["ftruncate", "$0", n],
    ["pwrite64", "$0", scratch, 65536, 0],
  ],
  holes: (n) => [
    ["memfd_create", text.path, 0],
    ["fallocate", "$0", 0, 0, n],
    ["fallocate", "$0", 3, 0, n],
  ],
  areas: () => [
    ["mmap", 0, 4096, 3, 0x22, -1, 0],
    ["mmap", 0, 4096, 1, 0x22, -1, 0],
  ],
  populate: (n) => [["mmap", 0, n, 3, 0x8022, -1, 0]],
  huge: (n) => [
    ["mmap", far, n * 1024, 3, 0x4022, -1, 0],
    ["mincore", far, n * 1024, scratch],
    ["madvise", far, n * 1024, 4],
    ["munmap", far, n * 1024],
  ],
  filters: () => [
    ["prctl", 38, 1, 0, 0, 0],
    ["seccomp", 1, 0, fprog],
  ],
  timers: () => [["timer_create", 1, 0, scratch]],
  events: () => [
    ["eventfd2", 1, 0],
    ["epoll_create1", 0],
    ["epoll_ctl", "$1", 1, "$0", scratch],
  ],
  forks: () => [["fork"]],
  threads: () => [["clone", 0x50f00, scratch + 0x8000, 0, 0, 0]],
  links: () => [
    ["symlink", text.zero, text.path],
    ["rename", text.path, text.other],
    ["mkdir", text.path, 0o755],
    ["chdir", text.path],
  ],
  mounts: () => [
    ["mkdir", text.path, 0o755],
    ["mount", text.tmpfs, text.path, text.tmpfs, 0, 0],
  ],
  zeros: (n) => [
    ["open", text.zero, 2],
    ["read", "$0", scratch, 0x1_0000],
    ["readv", "$0", iovecs, 1024],
    ["mmap", 0, n, 3, 0x22, -1, 0],
    ["read", "$0", "$3", n],
    ["munmap", "$3", n],
    ["close", "$0"],
  ],
  random: (n) => [
    ["mmap", 0, n, 3, 0x22, -1, 0],
    ["getrandom", "$0", n, 0],
    ["munmap", "$0", n],
  ],
  maps: () => [
    ["open", text.maps, 0],
    ["read", "$0", scratch, 0x1_0000],
    ["close", "$0"],
  ],
  copies: (n) => [
    ["memfd_create", text.path, 0],
    ["ftruncate", "$0", n],
    ["memfd_create", text.path, 0],
    ["sendfile", "$2", "$0", 0, n],
    ["close", "$0"],
    ["close", "$2"],
  ],
  polls: () => [
    ["poll", scratch, 8192, 0],
    ["select", 1024, scratch, 0, 0, scratch + 0x1000],
  ],
  signals: () => [["getpid"], ["rt_sigprocmask", 0, at.arena + 0x800, 0, 8], ["rt_sigqueueinfo", "$0", 34, at.arena + 0x900]],
  sleeps: () => [["nanosleep", at.arena + 0x820, 0]],
  namespaces: () => [["unshare", 0x0e02_0000]],
} as const satisfies Record<string, (size: number) => readonly Step[]>;
const names = Object.keys(recipes) as (keyof typeof recipes)[];

const draw = (r: Random): Input => ({
  loops: Array.from({ length: 1 + r.below(4) }, () => ({
    recipe: r.pick(names),
    times: r.pick([1, 10, 1000, 100_000, 10_000_000]),
    inChild: r.chance(0.25),
    size: r.pick([4096, 65536, 2 ** 20, 2 ** 24, 2 ** 28]),
  })),
  megabytes: r.pick([16, 64, 128]),
  uid: r.chance(0.3) ? 1000 : 0,
});

const arena = (): Uint8Array => {
  const bytes = new Uint8Array(ARENA_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [name, where] of Object.entries(text))
    bytes.set(new TextEncoder().encode(strings[name as keyof typeof text]), where - at.arena);
  // A filter of 1000 instructions that lets all through.
  view.setUint16(fprog - at.arena, 1000, true);
  view.setUint32(fprog - at.arena + 8, at.arena + 0x1000, true);
  for (let i = 0; i < 1000; i++) view.setUint16(0x1000 + 8 * i, i < 999 ? 0 : 6, true);
  view.setUint32(0x1000 + 8 * 999 + 4, 0x7fff_0000, true);
  for (let i = 0; i < 64; i++) {
    view.setUint32(0x400 + 16 * i, scratch, true);
    view.setUint32(0x400 + 16 * i + 8, 0x1_0000, true);
  }
  view.setBigUint64(0x800, 1n << 33n, true);
  view.setUint32(0x828, 1000, true);
  view.setInt32(0x908, -1, true);
  return bytes;
};

const scriptOf = (loops: readonly Loop[]): Uint8Array => {
  let index = 0;
  const chunks = loops.map(({ recipe, times, inChild, size }): Chunk => {
    const first = index;
    index += 2;
    const base = index;
    const steps: readonly Step[] = recipes[recipe](size);
    const calls = steps.map(([call, ...args]): Call => {
      const words = args.map((a) => (typeof a === "number" ? String(a) : a.startsWith("$") ? `$${base + Number(a.slice(1))}` : a));
      const child = call === "fork" || call === "clone" ? [{ abi: "x64", call: "pause", args: [], index } as const] : undefined;
      return { abi: "x64", call, args: words, index: index++, ...(child ? { child } : {}) };
    });
    return { index: first, calls, times, ...(inChild ? {} : { here: true as const }) };
  });
  return encode({ before: [], chunks, arena: Buffer.from(arena()).toString("base64") });
};

/** Seconds: --timeout, the time for an end beyond it, and the time after which the campaign gives up. */
const TIMEOUT = 2;
const LATE = 1;
const PATIENCE = 12;
/** Memory of a process beside the guest's: Node.js, code, tables. */
const OVERHEAD = 160;

export const resources = kind<Input>({
  summary: "piling up and keeping busy under --memory and --timeout: in time, in bounded memory",
  bounds: { seconds: 240, megabytes: 1500 },
  needs: requireBuild,
  draw,
  check: ({ loops, megabytes, uid }) =>
    inScratch(async (cwd) => {
      const args = [
        "run",
        "--code-cache",
        "off",
        "--timeout",
        String(TIMEOUT),
        "--memory",
        `${megabytes}M`,
        "--uid",
        String(uid),
        "--cwd",
        "/tmp",
        `${guestFolder}script`,
      ];
      const once = () => trapgate(args, { stdin: scriptOf(loops), cwd, seconds: PATIENCE });
      // A busy host is late by itself. Its time does not count, and both times must be late.
      const took = ({ seconds, starved }: Ended): number => seconds - starved;
      const first = await once();
      const second = took(first) > TIMEOUT + LATE ? await once() : first;
      const ended = took(second) < took(first) ? second : first;
      // The progress of a run in its time differs between hosts, so the digest covers the loops only.
      const verdict = noFinding(1, digestOf(JSON.stringify(loops)));
      const finding = (rule: string, expected: string, seen: string) => ({ ...verdict, finding: { rule, expected, seen } });
      if (isHostException(ended))
        return finding("no guest ends the host process", "an exit status", `${ended.end}: ${ended.stderr.slice(0, 800)}`);
      if (ended.end === "SIGKILL" || took(ended) > TIMEOUT + LATE)
        return finding(
          "a run ends in time",
          `an end within ${TIMEOUT + LATE} s`,
          ended.end === "SIGKILL" ? `none within ${PATIENCE} s` : `${took(ended).toFixed(1)} s`,
        );
      const most = megabytes + OVERHEAD;
      const used = Math.round(ended.resident / 2 ** 20);
      if (used > most) return finding("a run keeps to its memory", `at most ${most} MiB resident`, `${used} MiB`);
      return verdict;
    }),
  parts: { of: ({ loops }) => loops, with: (input, parts) => ({ ...input, loops: parts as readonly Loop[] }) },
});
