// Names and paths: every errno of the name calls, in Linux's order, against the kernel under us.
import { describe, expect, it } from "vitest";
import { missing } from "../support/host.ts";
import { TestMachine } from "./support/machine.ts";
import { type Outcome, Script, abis, callText, needs, resultText, runNatively } from "./support/script.ts";

const agree = (write: (s: Script) => void): void => {
  for (const abi of abis) {
    const script = new Script();
    write(script);
    const native = runNatively(script, abi);
    const ours = new TestMachine().run(script, abi);
    const show = (o: readonly Outcome[]): string[] => script.calls.map((c, i) => `${callText(c)} = ${resultText(o[i]!.result)}`);
    expect(show(ours)).toEqual(show(native));
  }
};

/** A small world: files, directories, links of every kind. */
const world = (s: Script): void => {
  s.add("umask", 0o022);
  s.add("mkdir", "d", 0o755);
  s.add("mkdir", "d/sub", 0o755);
  s.add("mkdir", "empty", 0o755);
  s.add("open", "f", 0o102, 0o644);
  s.add("open", "d/g", 0o102, 0o644);
  s.add("symlink", "f", "lf");
  s.add("symlink", "d", "ld");
  s.add("symlink", "nowhere", "dangling");
  s.add("symlink", "loop", "loop");
  s.add("symlink", "/d/sub", "abs");
  s.add("symlink", "d/../lf", "chain");
  s.add("mknod", "fifo", 0o010644, 0);
  s.add("mknod", "sock", 0o140644, 0);
  s.add("mknod", "null", 0o020666, 0x103);
};
const names = [
  "f", "d", "d/", "f/", "new", "new/", "lf", "lf/", "ld", "ld/", "dangling", "dangling/", "loop", "loop/", "abs", "abs/..", "chain", "fifo", "fifo/", "sock",
  "null", "", "/", ".", "..", "./", "d/.", "d/..", "d/../f", "f/x", "f/..", "no/x", "d/sub/../g", "empty", "empty/.", "//d//g//", "ld/g", "loop/x",
  "dangling/x", "x".repeat(255), "x".repeat(256), "d/".repeat(1000), "d/../".repeat(800) + "f", "x/".repeat(2048),
];

describe.skipIf(missing("names against the native kernel", ...needs))("names", () => {
  for (const [call, ...rest] of [
    ["mkdir", 0o755], ["rmdir"], ["unlink"], ["chdir"], ["access", 0], ["access", 7], ["truncate", 3], ["chmod", 0o600], ["chown", 1, 2], ["lchown", 1, 2],
  ] as const) {
    it(`${call}(${rest.join(", ")}) of every kind of name`, () => {
      for (const name of names) agree((s) => { world(s); s.add(call, name, ...rest); s.add("access", "f", 0); });
    }, 120_000);
  }
});
