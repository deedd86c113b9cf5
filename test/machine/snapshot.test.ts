// Snapshots: a machine is saved anywhere in its run, copied and taken back, and no copy can be told from a
// machine that nothing has touched (src/machine/snapshot/exact/exact.ts). A sample; `npm run snapshots`
// checks all
// guests
// at ten moments each.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { Machine } from "../../src/machine/machine.ts";
import { difference } from "../../src/machine/snapshot/difference.ts";
import { forkCheck } from "../../src/machine/snapshot/exact/exact.ts";
import { frozenTree } from "../../src/machine/snapshot/exact/frozen-tree.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, type Need, nativeX64, top } from "../support/host.ts";
import { guestsFromC, nativeGuest, nativeGuests } from "../support/native-guest.ts";

const isWhole = process.env["TRAPGATE_SNAPSHOTS"] === "all";
const effort = isWhole ? { cuts: 10, rewinds: 5 } : { cuts: 2, rewinds: 2 };

/**
 * Programs whose tasks wait in all ways: futexes, semaphores, queues, rings, tracers, listeners; hardware
 * breakpoints.
 */
const waiting =
  "aio breakpoints buffers futex2 keys locks mqueue notify ptrace signals sockets sysvipc threads uring userfaults waits".split(" ");
const subjects = nativeGuests.filter((name) => isWhole || waiting.includes(name));

describe.skipIf(missing("snapshots of native guests", guestsFromC))("a copy of a native guest is exact:", () => {
  it.each(subjects)("%s", async (subject) => {
    const program = `/${subject}`;
    const boot = { files: { [program]: { content: await nativeGuest(subject, "-m64"), mode: 0o755 } } };
    expect(forkCheck({ program, boot }, effort)).toEqual([]);
  });
});

/** At most of its moments nearly all of its processes wait. */
it.skipIf(missing("snapshots of waiting processes", nativeX64, gcc))("a copy of processes that wait in 23 ways is exact", async () => {
  await inFolder(async (at) => {
    execFileSync("gcc", ["-O1", "-w", "-static", "-pthread", "-o", `${at}/waits`, `${top}/test/machine/snapshot-waits.c`]);
    const boot = { files: { "/waits": { content: readFileSync(`${at}/waits`), mode: 0o755 } } };
    expect(forkCheck({ program: "/waits", boot }, isWhole ? effort : { cuts: 6, rewinds: 2 })).toEqual([]);
  });
});

describe.skipIf(missing("snapshots under several engines", guestsFromC))("a copy goes on under another engine:", () => {
  it.each([
    ["interpret", "jit"] as const,
    ...(isWhole
      ? ([
          ["jit", "interpret"],
          ["baseline", "auto"],
        ] as const)
      : []),
  ])("%s, then %s", { timeout: 120_000 }, async (first, then) => {
    const boot = { files: { "/waits": { content: await nativeGuest("waits", "-m64"), mode: 0o755 } }, engine: first };
    expect(forkCheck({ program: "/waits", boot }, { cuts: 1, rewinds: 1, ...(isWhole ? effort : {}), engine: then })).toEqual([]);
  });
});

const kernels = { v6: "v6", v7: "patch:v7", v13: "patch:v13" } as const;
const landmines = readdirSync(`${top}/guest/bin`)
  .filter((name) => /^[abcd]\d+(-|$)/.test(name))
  .filter((_, i) => isWhole || i % 12 === 0);
describe("a copy of a landmine is exact:", () => {
  it.each(landmines)("%s", (name) => {
    const kernel = kernels[/-(v\d+)/.exec(name)?.[1] as keyof typeof kernels] ?? "upstream";
    expect(forkCheck({ program: readFileSync(`${top}/guest/bin/${name}`), boot: { kernel } }, { ...effort, most: 5e7 })).toEqual([]);
  });
});

/** Programs of Debian: the interpreter, its arguments, and its input. */
const debian: readonly (readonly [program: string, args: readonly string[], stdin: string])[] = [
  ["/usr/bin/python3", ["-c", "import sys; print(sum(map(int, sys.stdin)))"], "1\n2\n3\n"],
  [
    "/usr/bin/perl",
    ["-e", 'my %h; $h{$_ % 97} .= chr(65 + $_ % 26) for 1..2000; print join("", map { length $h{$_} } sort keys %h), "\n"'],
    "",
  ],
  ...(isWhole
    ? ([
        ["/usr/bin/python3", [`${top}/test/kernel/plain-state.py`], ""],
        [
          "/usr/bin/sqlite3",
          ["/tmp/a.db", "create table t(a, b); insert into t values (1, 'x'), (2, 'y'); select sum(a), group_concat(b) from t;"],
          "",
        ],
        ["/usr/bin/gcc", ["-c", "-o", "/tmp/waits.o", `${top}/test/machine/snapshot-waits.c`], ""],
      ] as const)
    : []),
  ["/bin/sh", ["-c", "for i in 1 2 3; do echo $i; done | sort -r | tr 1 x; sleep 0.01; ls / | wc -l"], ""],
];
const root = frozenTree(hostTree("/"));
describe.each(debian)("a copy of %s", (program, args, stdin) => {
  const need: Need = { what: program, met: existsSync(program) };
  it.skipIf(missing(`snapshots of ${program}`, nativeX64, need))("is exact", { timeout: 600_000 }, () => {
    const few = isWhole ? effort : { cuts: 2, rewinds: 1 };
    expect(
      forkCheck({ program, boot: { root }, options: { args, stdin, env: { PATH: "/usr/bin:/bin" } } }, { ...few, most: 1.2e9 }),
    ).toEqual([]);
  });
});

describe("the difference of two machines", () => {
  const started = (): Live => new Live(new Machine(), readFileSync(`${top}/guest/bin/hello-syscall`), {});
  it("is none at the same moment", () => {
    const [a, b] = [started(), started()];
    expect(difference(a.kernel, b.kernel)).toBe(undefined);
    for (const live of [a, b]) live.step(1000);
    expect(difference(a.kernel, b.kernel)).toBe(undefined);
  });
  it("names the first property", () => {
    const [a, b] = [started(), started()];
    b.kernel.random.u32();
    expect(difference(a.kernel, b.kernel)?.path).toMatch(/^kernel\.random\._s\[byte \d+\]$/);
  });
  it("sees the bytes of a frame", () => {
    const [a, b] = [started(), started()];
    const [task] = [...b.kernel.tasks.values()].filter(({ pid }) => pid > 1);
    task?.mem.poke(task.mem.startStack, Uint8Array.of(77));
    expect(difference(a.kernel, b.kernel)?.path).toMatch(/^frames\./);
  });
});
