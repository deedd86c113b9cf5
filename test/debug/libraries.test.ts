// The list of libraries that gdb asks for: as /proc/PID/maps has them, whole and from a link map on.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { Debugger } from "../../src/debug/debugger.ts";
import { librariesOf } from "../../src/debug/gdb/libraries.ts";
import type { Task } from "../../src/kernel/core/task.ts";
import { Machine } from "../../src/machine/machine.ts";
import { frozenTree } from "../../src/machine/snapshot/exact/frozen-tree.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64 } from "../support/host.ts";
import { gdbOn } from "./gdb.ts";
import { serve } from "./serve.ts";

/** The address of a program's largest mapping of a file. */
const largest = ({ mem }: Task): number => {
  const files = [...mem.mappings()].filter(({ file }) => file);
  return files.reduce((most, vma) => (vma.end - vma.start > most.end - most.start ? vma : most)).start;
};

describe.skipIf(missing("libraries of a program of the host", nativeX64, gcc, gdb))("the list of libraries", () => {
  it("is the dynamic linker's", { timeout: 60_000 }, async () => {
    const timeline = new Timeline(new Machine({ root: frozenTree(hostTree("/")) }), "/bin/true", { stdin: "" });
    const debug = new Debugger(timeline);
    await debug.restart();
    const { ask } = serve(debug);
    expect(await ask("qSupported:multiprocess+")).toMatch(/qXfer:libraries-svr4:read\+/);
    // The linker has not run.
    expect(await ask("qXfer:libraries-svr4:read::0,4000")).toBe('l<library-list-svr4 version="1.0"></library-list-svr4>');
    await timeline.run();
    await timeline.back();
    const list = (await ask("qXfer:libraries-svr4:read::0,4000")) ?? "";
    expect(list).toMatch(/^l<library-list-svr4 version="1.0" main-lm="0x[0-9a-f]+"><library /);
    const names = [...list.matchAll(/name="([^"]*)" lm="0x[0-9a-f]+" l_addr="0x[0-9a-f]+" l_ld="0x[0-9a-f]+"/g)].map(([, name]) => name);
    const native = [...execFileSync("ldd", ["/bin/true"], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g)].map(([, name]) => name);
    expect(names.filter((name) => name?.startsWith("/"))).toEqual(native);
    const maps = [...list.matchAll(/ lm="0x([0-9a-f]+)"/g)].map(([, lm]) => lm);
    expect(maps.length).toBeGreaterThan(1);
    const rest = await ask(`qXfer:libraries-svr4:read:start=${maps[1]};prev=${maps[0]};:0,4000`);
    expect([...(rest ?? "").matchAll(/ lm="0x([0-9a-f]+)"/g)].map(([, lm]) => lm)).toEqual(maps.slice(1));
    // A link map that does not lie behind `prev` ends the list.
    expect(await ask(`qXfer:libraries-svr4:read:start=${maps[1]};prev=1:0,4000`)).not.toMatch(/<library /);
    expect(await ask("qXfer:libraries-svr4:read:else:0,4000")).toBe("E00");
    // In pieces it is the same, also if the memory changes between two of them.
    const first = (await ask("qXfer:libraries-svr4:read::0,40")) ?? "";
    const pid = debug.current?.process.pid as number;
    expect(debug.write(pid, Number.parseInt(maps[1] as string, 16), new Uint8Array(40))).toBe(true);
    const later = (await ask("qXfer:libraries-svr4:read::40,4000")) ?? "";
    expect(`l${first.slice(1)}${later.slice(1)}`).toBe(list);
  });
  it("is left to gdb if ld.so runs the program", { timeout: 120_000 }, async () => {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/lib.c`, "int libvar = 23;\n");
      const source = "#include <signal.h>\nextern int libvar;\nint main(void) { raise(SIGUSR1); return libvar; }\n";
      writeFileSync(`${folder}/main.c`, source);
      execFileSync("gcc", ["-shared", "-fPIC", "-g", "-o", "libvar.so", "lib.c"], { cwd: folder });
      execFileSync("gcc", ["-g", "-o", "main", "main.c", "-L.", "-lvar", `-Wl,-rpath,${folder}`], { cwd: folder });
      const linker = "/lib64/ld-linux-x86-64.so.2";
      // gdb has the program's symbols, and ld.so runs it.
      const said = gdbOn(folder, linker, ["continue", "sharedlibrary", "print libvar"], {
        options: ["--root", "/"],
        args: [`${folder}/main`],
        before: ["set sysroot"],
        symbols: `${folder}/main`,
      });
      expect(said).toMatch(/\$1 = 23\n/);
    });
  });
  it("ends after a mebibyte, whatever the program makes of it", { timeout: 60_000 }, async () => {
    const timeline = new Timeline(new Machine({ root: frozenTree(hostTree("/")) }), "/bin/true", { stdin: "" });
    const debug = new Debugger(timeline);
    await debug.restart();
    await timeline.run();
    await timeline.back();
    const task = debug.current as Task;
    const [at, entries, entry] = [largest(task), 2000, 64];
    const name = at + entries * entry;
    const bytes = new Uint8Array(entries * entry + 4000).fill(0x41, entries * entry);
    const words = new BigUint64Array(bytes.buffer, 0, (entries * entry) / 8);
    // struct link_map: l_addr, l_name, l_ld, l_next, l_prev.
    for (let i = 0; i < entries; i++)
      words.set([0, name, 0, at + (i + 1) * entry, i === 0 ? 1 : at + (i - 1) * entry].map(BigInt), (i * entry) / 8);
    expect(debug.write(task.process.pid, at, bytes)).toBe(true);
    const { length = 0 } = librariesOf(task, `start=${at.toString(16)};prev=1;`) ?? {};
    expect(length).toBeGreaterThan(2 ** 20);
    expect(length).toBeLessThan(2 ** 20 + 2 ** 13);
  });
});
