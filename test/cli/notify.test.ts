// trapgate's own subject in traces: requests of user notification with their structures, sizes, flags,
// SCM_PIDFD, MAP_DROPPABLE and types of file systems have the texts of strace. strace 6.13 is the judge where
// it is there.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, strace, top } from "../support/host.ts";

/** Lines of a trace without values that differ from run to run; parts of an interrupted line put together. */
const lines = (trace: readonly string[]): Set<string> => {
  const begun = new Map<string, string>();
  const out = new Set<string>();
  for (const line of trace) {
    // "[pid 2] " of one output, "2 " of strace -o.
    const [, pid = "", text = ""] = /^(?:\[pid +(\d+)\] |(?=\d+ ))(.*)$/s.exec(line.replace(/^(\d+) +/, "[pid $1] ")) ?? ["", "", line];
    const first = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    if (first !== undefined) begun.set(pid, first);
    else {
      const whole = rest === undefined ? text : `${begun.get(pid) ?? ""}${rest}`;
      if (/^(?:ioctl|seccomp|mmap\(NULL, 4096, .*DROP|statfs|recvmsg)/.test(whole))
        out.add(
          whole
            .replaceAll(/\bid=0x[0-9a-f]+|\[0x[0-9a-f]{6,}\]/g, "ID")
            .replaceAll(/\bpid=\d+/g, "pid=PID")
            .replaceAll(/0x[0-9a-f]{6,}/g, "ADDRESS")
            .replaceAll(/f_fsid=\{.*?\}, /g, "")
            .replaceAll(/f_flags=[A-Z_|]+/g, "f_flags")
            .replaceAll(/args=\[.*?\]/g, "args")
            .replace(/(NULL, 4096.*) += .*/, "$1")
            .replace(/ += /, " = "),
        );
    }
  }
  return out;
};

describe.skipIf(missing("user notification in traces", gcc))("a trace", { timeout: 60_000 }, () => {
  it("names requests, structures and flags as strace does", () =>
    inFolder(async (folder) => {
      const program = `${folder}/notify`;
      execFileSync("gcc", ["-O1", "-static", "-o", program, `${top}/test/cli/notify.c`]);
      const files = { "/notify": { content: readFileSync(program), mode: 0o755 } };
      const { trace } = await Machine.run("/notify", { files, trace: { follow: true } });
      const ours = lines(trace);
      for (const text of [
        "seccomp(SECCOMP_GET_NOTIF_SIZES, 0, {seccomp_notif=80, seccomp_notif_resp=24, seccomp_data=64}) = 0",
        "ioctl(6, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) = 0",
        "ioctl(6, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 0x6 /* SECCOMP_USER_NOTIF_??? */) = -1 EINVAL (Invalid argument)",
        "ioctl(6, SECCOMP_IOCTL_NOTIF_SEND, {ID, val=77, error=0, flags=0}) = 0",
        "ioctl(6, SECCOMP_IOCTL_NOTIF_SEND, {ID, val=0, error=-EPERM, flags=0}) = 0",
        "ioctl(6, SECCOMP_IOCTL_NOTIF_ADDFD, {ID, flags=SECCOMP_ADDFD_FLAG_SETFD, srcfd=1, newfd=9, newfd_flags=O_CLOEXEC}) = 9",
        "ioctl(6, _IOC(_IOC_READ, 0xca, 0xfe, 0x8), 0x1) = -1 EINVAL (Invalid argument)",
      ])
        expect(ours).toContain(text);
      expect([...ours].find((line) => line.includes("NOTIF_RECV"))).toMatch(
        /, \{ID, pid=PID, flags=0, data=\{nr=__NR_getppid, arch=AUDIT_ARCH_X86_64, instruction_pointer=(?:0x[0-9a-f]+|ADDRESS), args\}\}\) = 0$/,
      );
      expect([...ours].some((line) => line.includes("cmsg_type=SCM_PIDFD, cmsg_data=5}"))).toBe(true);
      expect([...ours].some((line) => line.includes("MAP_DROPPABLE|MAP_ANONYMOUS"))).toBe(true);
      expect([...ours].some((line) => line.includes("f_type=PROC_SUPER_MAGIC"))).toBe(true);
      if (!strace.met || !/version (?:6\.1[3-9]|[7-9])/.test(execFileSync("strace", ["-V"], { encoding: "utf8" }))) return;
      execFileSync("strace", ["-f", "-o", `${folder}/native`, program], { stdio: "ignore" });
      const native = lines(readFileSync(`${folder}/native`, "utf8").split("\n"));
      expect([...ours].filter((line) => !native.has(line))).toEqual([]);
    }));

  it("of a guest of the package has a name for each value", async () => {
    const without: string[] = [];
    for (const name of readdirSync(`${top}/guest/bin`)) {
      const hooks = { trace: (line: string) => void (line.includes("???") && without.push(`${name}: ${line}`)) };
      // Some guests wait, or compute without end.
      await Machine.run(readFileSync(`${top}/guest/bin/${name}`), { trace: { follow: true }, hooks, timeout: 1 });
    }
    expect(without).toEqual([]);
  });
});
