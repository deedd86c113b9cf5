// The kernel log follows /proc/sys/kernel/seccomp/actions_logged. native/logged.c tests the values of that
// file.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { guest } from "../landmines/guest.ts";
import { busybox, missing } from "../support/host.ts";

const need = busybox("amd64");
describe.skipIf(missing("what is logged", need))("a killed call", () => {
  it.each([
    ["", 1],
    ["kill_process", 1],
    ["trap log", 0],
    ["kill_thread", 0],
  ])("with actions_logged = %j: %i lines", async (actions, lines) => {
    const set = actions === "" ? "" : `echo ${actions} > /proc/sys/kernel/seccomp/actions_logged; `;
    const run = await Machine.run("/bin/busybox", {
      files: {
        "/bin/busybox": { content: readFileSync(need.path), mode: 0o755 },
        "/guest": { content: guest("a1-fixed"), mode: 0o755 },
      },
      args: ["sh", "-c", `${set}/guest; echo $?`],
    });
    expect(run.stdout.text).toBe("159\n");
    expect(run.kernelLog.filter((line) => line.includes('comm="guest"'))).toHaveLength(lines);
  });
});
