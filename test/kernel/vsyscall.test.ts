// The vsyscall page in its three modes. Linux Documentation/admin-guide/kernel-parameters.txt, vsyscall=
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { engines } from "../../src/cpu/engine.ts";
import type { VsyscallMode } from "../../src/kernel/base/profile.ts";
import { guest } from "../landmines/guest.ts";
import { guestPath } from "../support/cli.ts";
import { busybox, missing, nativeX64 } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const run = (vsyscall: VsyscallMode, engine: (typeof engines)[number] = "auto") =>
  Machine.run(guest("vsyscall"), { vsyscall, engine, trace: true });

describe("the vsyscall page", () => {
  it.each(engines)("can be called and read, not written, with emulate: %s", async (engine) => {
    const emulated = await run("emulate", engine);
    expect(emulated.stdout.text).toBe("time ran\nthe page was read\n");
    expect(emulated).toBeKilledBy("SIGSEGV");
    expect(emulated).toTrace("si_addr=0xffffffffff600000");
  });
  it("can only be called with xonly", async () => {
    const called = await run("xonly");
    expect(called.stdout.text).toBe("time ran\n");
    expect(called).toTrace("si_addr=0xffffffffff600000");
  });
  it("is not there with none", async () => {
    const none = await run("none");
    expect(none.stdout.text).toBe("");
    expect(none).toTrace("si_addr=0xffffffffff600400");
  });

  const xonly = nativeX64.met && readFileSync("/proc/self/maps", "latin1").includes("--xp 00000000 00:00 0                  [vsyscall]");
  it.runIf(xonly)("is the native kernel's with xonly", async () => {
    const [native, ours] = [runNative(guestPath("vsyscall")), await run("xonly")];
    expect({ stdout: native.stdout, end: native.end }).toEqual({ stdout: ours.stdout.text, end: "SIGSEGV" });
  });

  const need = busybox("amd64");
  it.skipIf(missing("the vsyscall page in maps", need)).each([
    ["none", undefined],
    ["xonly", "--xp"],
    ["emulate", "r-xp"],
  ] as const)("is in /proc/self/maps: %s", async (vsyscall, rights) => {
    const files = { "/busybox": { content: readFileSync(need.path), mode: 0o755 } };
    const { stdout } = await Machine.run("/busybox", { files, args: ["cat", "/proc/self/maps"], vsyscall });
    expect(stdout.text.match(/^f+600000-f+601000 (....) .*\[vsyscall\]$/m)?.[1]).toBe(rights);
  });
});
