// A kernel without a feature is the kernel without its calls, file systems and families of sockets. All else
// is as before.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { x64 } from "../../src/abi/abi.ts";
import { E } from "../../src/abi/errno.ts";
import { syscallNumbers } from "../../src/abi/numbers.ts";
import type { Feature } from "../../src/kernel/core/feature.ts";
import type { Kernel } from "../../src/kernel/core/kernel.ts";
import { features } from "../../src/kernel/features/index.ts";
import type { FixedTree } from "../../src/kernel/fs/proc/tree/fixed-tree.ts";
import type { ProcContent } from "../../src/kernel/fs/proc/tree/node.ts";
import { Machine } from "../../src/machine/machine.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, gcc, missing, nativeX64, top } from "../support/host.ts";

const shell = busybox("amd64");
/** A script of programs that use files, processes, pipes, /proc and sockets. */
const SCRIPT = `mkdir -p /tmp/a && cd /tmp/a && echo text > file && ln -s file link && cat link | wc -c && ls -l /proc/self/fd | wc -l
(sleep 0.1; echo child) & wait; cat /proc/self/status | grep -c : ; mount -t tmpfs none /tmp/a && df /tmp/a | tail -1; date -u +%Y; id`;
/** The names of files do not depend on it. */
const NO_KERNEL = {} as Kernel;
const FEATURELESS: readonly Feature[] = [];

let program: Buffer;
beforeAll(async () => {
  if (!gcc.met) return;
  await inFolder(async (folder) => {
    execFileSync("gcc", ["-O1", "-static", "-o", `${folder}/features`, `${top}/test/kernel/features.c`]);
    program = readFileSync(`${folder}/features`);
  });
});

const runIn = async (kept: readonly Feature[], path: string, content: Buffer, args: readonly string[]): Promise<string> => {
  const machine = new Machine({ features: kept, files: { [path]: { content, mode: 0o755 } } });
  const run = await machine.run(path, { args: [...args], timeout: 50 });
  return `${run.stdout.text}${run.stderr.text}${JSON.stringify(run.status)}`;
};
const hello = (kept: readonly Feature[]): Promise<string> => runIn(kept, "/hello", readFileSync(`${top}/guest/bin/hello-syscall`), []);
const script = (kept: readonly Feature[]): Promise<string> => runIn(kept, "/bin/busybox", readFileSync(shell.path), ["sh", "-c", SCRIPT]);

/** The paths of the files of a tree. */
const files = (tree: FixedTree, above: string): readonly string[] =>
  Object.entries(tree).flatMap(([name, what]) => {
    const path = `${above}/${name}`;
    const isFile = (["read", "write", "records", "open"] as const).some((key) => typeof (what as ProcContent)[key] === "function");
    return isFile ? [path] : files(what as FixedTree, path);
  });

/** Arguments of features.c for all that a feature has, and the error of each. */
const uses = ({
  calls,
  fileSystems,
  mounts,
  netFiles,
  procFiles,
  socketFamilies,
  sysctls,
}: Feature): readonly (readonly [kind: string, what: string, error: string])[] => [
  ...(calls?.() ?? []).flatMap(({ name }): [string, string, string][] => {
    const number = syscallNumbers[name][x64.column];
    return number === null ? [] : [["n", String(number), "ENOSYS"]];
  }),
  ...Object.keys(fileSystems ?? {}).map((name): [string, string, string] => ["f", name, "ENODEV"]),
  ...Object.keys(socketFamilies ?? {}).map((family): [string, string, string] => ["s", family, "EAFNOSUPPORT"]),
  ...Object.keys(netFiles ?? {}).map((name): [string, string, string] => ["p", `/proc/net/${name}`, "ENOENT"]),
  ...[...Object.keys(mounts ?? {}), ...files(procFiles?.(NO_KERNEL) ?? {}, "/proc"), ...files(sysctls?.(NO_KERNEL) ?? {}, "/proc/sys")].map(
    (path): [string, string, string] => ["p", path, "ENOENT"],
  ),
];

const argumentsOf = (list: ReturnType<typeof uses>): string[] => list.flatMap((use) => use.slice(0, 2));

it("has a unique name for each feature, which adds something", () => {
  expect(new Set(features.map(({ name }) => name)).size).toBe(features.length);
  expect(features.filter((feature) => uses(feature).length === 0)).toEqual([]);
});

describe.skipIf(missing("kernels without a feature", nativeX64, gcc, shell))("a kernel", () => {
  it("with all features has their calls", async () => {
    const args = features.flatMap((feature) => argumentsOf(uses(feature).filter(([kind]) => kind !== "n")));
    const text = await runIn(features, "/features", program, args);
    expect(text).not.toMatch(/ (?:19|97)\n|^p .* [^0]$/m);
  });
  it.each(features.map((feature) => [feature.name, feature] as const))(
    "without %s has none of it, and runs programs as before",
    async (_name, feature) => {
      const kept = features.filter((other) => other !== feature);
      const gone = uses(feature);
      const text = await runIn(kept, "/features", program, argumentsOf(gone));
      const expected = gone.map(([kind, what, error]) => `${kind} ${what} ${E[error as keyof typeof E]}`);
      expect(text.split("\n").slice(0, -1)).toEqual(expected);
      expect(await hello(kept)).toBe(await hello(features));
      expect(await script(kept)).toBe(await script(features));
    },
  );
  it("without any feature runs programs as before", async () => {
    expect(await hello(FEATURELESS)).toBe(await hello(features));
    expect(await script(FEATURELESS)).toBe(await script(features));
  });
});
