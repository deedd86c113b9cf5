// The heap whose freed blocks fault: programs of both widths, models of processors, a search, a command.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore, Machine } from "trapgate";
import { guardedHeap, hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endOfRun } from "../support/guest.ts";
import { gcc, gcc32, missing, top } from "../support/host.ts";

const root = hostTree("/");

describe.skipIf(missing("a guarded heap in C programs", gcc))("a guarded heap", { timeout: 120_000 }, () => {
  let folder = "";
  const build = (mode: string): string => {
    const file = join(folder, `use-after-free${mode.replaceAll("/", "_")}`);
    const source = join(top, "test/explore/programs/use-after-free.c");
    execFileSync("gcc", [mode, "-O1", "-w", "-fno-builtin", "-pthread", "-o", file, source]);
    return file;
  };
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-heap-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(["-m64", ...(missing("a guarded heap of 32 bits", gcc32) ? [] : ["-m32"])])(
    "makes a use after free a fault: %s",
    async (mode) => {
      const program = readFileSync(build(mode));
      for (const cpu of ["x86-64-v2", "x86-64-v3"] as const) {
        const run = await Machine.run(program, { root, cpu, args: ["main"], ...guardedHeap() });
        expect([endOfRun(run), run.stderr.text]).toEqual(["SIGSEGV", ""]);
      }
      expect(endOfRun(await Machine.run(program, { root, args: ["main"] }))).toBe(0);
    },
  );
  it("lets a search find the schedule", async () => {
    const program = readFileSync(build("-m64"));
    const limits = { root, search: "pos", exit: 0, schedules: 50, seconds: 600 } as const;
    const { violation } = await explore(program, { ...limits, ...guardedHeap() });
    expect(violation?.what).toBe("the program was killed by SIGSEGV");
    expect((await explore(program, limits)).violation).toBeUndefined();
  });
  it("is an option of the command line", () => {
    const run = (...options: readonly string[]) =>
      spawnSync(process.execPath, [join(top, "bin/trapgate.js"), "run", "--root", "/", ...options, "--", build("-m64"), "main"]).status;
    expect([run(), run("--guarded-heap")]).toEqual([0, 128 + 11]);
    // The user's own library is loaded behind the heap.
    expect(run("--guarded-heap", "-e", "LD_PRELOAD=libm.so.6")).toBe(128 + 11);
  });
  it("warns of a program that cannot load it, and of no other", () => {
    const script = join(folder, "script");
    const link = join(folder, "link");
    const linked = build("-static");
    writeFileSync(script, `#! ${linked} main\n`, { mode: 0o755 });
    symlinkSync("use-after-free-static", link);
    const said = (options: readonly string[], program: string, ...args: readonly string[]) => {
      const words = ["run", "--root", "/", ...options, "--", program, ...args];
      return spawnSync(process.execPath, [join(top, "bin/trapgate.js"), ...words], { encoding: "utf8" }).stderr;
    };
    const warning = /^warning: \S+ is linked statically: --guarded-heap has no effect on it .*\n$/;
    const guarded = ["--guarded-heap"];
    for (const name of [linked, script, link]) expect(said(guarded, name, "main")).toMatch(warning);
    expect(said([...guarded, "-e", `PATH=/nowhere:${folder}`], "link", "main")).toMatch(warning);
    expect(said([...guarded, "--cwd", folder], "./link", "main")).toMatch(warning);
    const words = ["run", "--root", "/", ...guarded, "--", "-", "main"];
    const options = { encoding: "utf8", input: readFileSync(linked) } as const;
    expect(spawnSync(process.execPath, [join(top, "bin/trapgate.js"), ...words], options).stderr).toMatch(warning);
    expect(said([], linked, "main")).toBe("");
    expect(said(guarded, "sh", "-c", ":")).toBe("");
    expect(said(guarded, build("-Wl,--dynamic-linker=/lib/ld-musl-none.so.1"), "main")).toMatch(/^warning: \S+ is linked with musl: /);
    // An equal run is answered without a machine.
    expect(said(guarded, linked, "main")).toMatch(warning);
  });
  it("joins its library with those of the program", () => {
    expect(guardedHeap({ LD_PRELOAD: "/lib/mine.so", HOME: "/" }).env).toEqual({
      LD_PRELOAD: "/dev/shm/trapgate-heap/$PLATFORM.so /lib/mine.so",
      HOME: "/",
    });
  });
  it("is refused for a program that has no C library to load it", () => {
    const words = ["run", "--guarded-heap", "--", join(top, "guest/bin/hello-syscall")];
    const { status, stderr } = spawnSync(process.execPath, [join(top, "bin/trapgate.js"), ...words], { encoding: "utf8" });
    expect([status, stderr]).toEqual([125, expect.stringContaining("--root or --image")]);
  });
});
