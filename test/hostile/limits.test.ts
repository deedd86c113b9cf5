// The limits that a machine is given: memory in many ways of piling up, processes, open files, processor
// time, output.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, type MachineOptions, type ProgramOptions, type Run } from "trapgate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { gcc, missing } from "../support/host.ts";
import { compilePiles, GUEST_MEMORY, modesOf, OVERHEAD, pile } from "./piles.ts";

describe.skipIf(missing("limits of a machine", gcc))("limits", () => {
  let folder: string;
  let program: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-limits-"));
    program = compilePiles(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (mode: string, options: MachineOptions & ProgramOptions): Promise<Run> =>
    Machine.run(new Uint8Array(readFileSync(program)), { args: [mode], timeout: 60, ...options });

  // One of each kind of object; `npm run piles` runs all ways.
  it.each([
    "anon",
    "memfds",
    "page-tables",
    "pipes",
    "unix-seqpacket",
    "scm-rights",
    "tmpfs-data",
    "xattrs",
    "mounts-lazy",
    "mounts-gone",
    "epoll-items",
    "posix-timers",
    "signals",
    "zombies",
    "held-namespaces",
    // Not left-namespaces: its peak, 150 to 190 MB, is garbage that V8 collects when it likes. `npm run
    // piles` shows it.
    "filters",
    // Not uring-overflow: it takes a minute to fill 64 MB.
    "uring-registered",
    "echoes",
    "memberships",
    "domains",
    "net-settings",
    "group-datagrams",
  ])("--memory 64M holds for %s", { timeout: 60_000 }, async (mode) => {
    const { peak, status, said } = await pile(program, mode, join(folder, "host"), 40);
    expect(peak, said).toBeLessThan(GUEST_MEMORY + OVERHEAD);
    expect([0, 137], said).toContain(status);
  });
  // Bytes on their way through calls are no garbage outside of V8's heap, which may be 32 MB or more.
  it.each(["tcp", "unix-stream"])("%s leaves most of the allowance", { timeout: 60_000 }, async (mode) => {
    const { peak, said } = await pile(program, mode, join(folder, "host"), 40);
    expect(peak, said).toBeLessThan(GUEST_MEMORY + (3 * OVERHEAD) / 4);
  });
  it("there are at least 38 ways, each with a name of its own", () => {
    const modes = modesOf(program);
    expect(new Set(modes).size).toBe(modes.length);
    expect(modes.length).toBeGreaterThanOrEqual(38);
  });

  it("a process more than --pids is EAGAIN, and zombies count", async () => {
    // The two processes that wait for the others count, too.
    expect((await run("processes", { pids: 20 })).stdout.text).toBe("17: Resource temporarily unavailable\n");
    expect((await run("zombies", { pids: 20 })).stdout.text).toBe("17: Resource temporarily unavailable\n");
    expect((await run("threads", { pids: 20 })).stdout.text).toBe("17: Resource temporarily unavailable\n");
  });
  it("an open file more than --files is ENFILE, and what is closed makes room", async () => {
    // Standard streams are three.
    expect((await run("eventfds", { openFiles: 30 })).stdout.text).toMatch(/^2\d: Too many open files in system\n$/);
    expect((await run("abstract-names", { openFiles: 30, timeout: 2 })).stdout.text).toBe("");
  });
  it("--cpu-time sends SIGXCPU, and SIGKILL a second later; sleep does not count", async () => {
    expect((await run("spin", { cpuTime: 0.2 })).status).toEqual({ signal: "SIGXCPU", core: false });
    const caught = await run("spin-on", { cpuTime: 0.2 });
    expect(caught.stdout.text).toBe("signal 24\n");
    expect(caught.status).toEqual({ signal: "SIGKILL", core: false });
    // The end of the process takes time too: its memory is given back.
    expect(caught.stats.nanoseconds).toBeGreaterThanOrEqual(1.2e9);
    expect(caught.stats.nanoseconds).toBeLessThan(1.2e9 + 100_000);
    expect((await run("doze", { cpuTime: 0.2 })).status).toEqual({ exit: 0 });
  });
  it("the command line takes the same limits, and says which was reached", () => {
    const { status, stderr } = trapgate(["run", "--cpu-time", "0.2", program, "spin"]);
    expect(stderr).toMatch(/^trapgate: .*piles: used its 0.2 s of processor time\n$/);
    expect(status).toBe(128 + 24);
    expect(trapgate(["run", "--pids", "20", program, "processes"]).stdout).toBe("17: Resource temporarily unavailable\n");
    expect(trapgate(["run", "--files", "30", program, "eventfds"]).stdout).toMatch(/Too many open files in system\n$/);
    expect(trapgate(["run", "--pids", "0", program]).stderr).toContain("--pids wants at least 1");
  });
  it("no more output is kept than maxOutput: the program is killed, as by spawnSync", async () => {
    const { status, stdout } = await run("print", { maxOutput: 5000 });
    expect(status).toEqual({ signal: "SIGKILL", core: false });
    expect(stdout.bytes.length).toBe(5000);
    expect(stdout.truncated).toBe(true);
  });
  it("output of many sizes is kept in order", async () => {
    const { stdout } = await run("letters", {});
    const sizes = Array.from({ length: 1500 }, (_, n) => (n * 977) % 4099);
    expect(stdout.text).toBe(sizes.map((size, n) => String.fromCharCode(97 + (n % 26)).repeat(size)).join(""));
    expect(stdout.bytes).toBe(stdout.bytes);
    // An enumerable property: comparisons and structured clones read it.
    expect({ ...stdout }.bytes).toBe(stdout.bytes);
  });
});
