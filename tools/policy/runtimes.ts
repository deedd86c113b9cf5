// Reads the filters that Debian's runc and crun load. A container with the profile is started in a root of
// their own, and test/policy/native/dump.c reads its filters. It needs root for namespaces and mounts.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Json, jsonText, ociJson, type Profile } from "../../src/policy/index.ts";
import { decodeProgram, type Program } from "../../src/seccomp/index.ts";
import { build } from "../seccomp/judge.ts";

const debian = fileURLToPath(new URL("../../.cache/debian", import.meta.url));
const root = join(debian, "containers-amd64");
const busybox = join(debian, "busybox-amd64/usr/bin/busybox");

export type Runtime = "runc" | "crun";
const commands: Readonly<Record<Runtime, readonly string[]>> = {
  runc: ["/usr/sbin/runc", "--root", "/judge/state", "run", "--bundle", "/judge/bundle", "judged"],
  crun: ["/usr/bin/crun", "--root", "/judge/state", "--cgroup-manager=disabled", "run", "--bundle", "/judge/bundle", "judged"],
};

/** A mount namespace with a root that has the files that runtimes need. */
const SCRIPT = `
mount --rbind "$1" "$1" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount -t cgroup2 none "$1/sys/fs/cgroup" || exit 99
shift_root=$1; shift
exec chroot "$shift_root" "$@"
`;
const inside = (...command: string[]) =>
  spawnSync("unshare", ["-m", "-p", "-f", "--kill-child=KILL", "--propagation", "private", "sh", "-c", SCRIPT, "sh", root, ...command], {
    encoding: "utf8",
    timeout: 20_000,
    killSignal: "SIGKILL",
  });

/** Why they cannot be asked, or undefined. */
export const whyNoRuntimes = (): string | undefined => {
  if (!existsSync(join(root, "usr/bin/crun")) || !existsSync(busybox)) return "the packages of npm run setup";
  prepare();
  return inside("/usr/bin/crun", "--version").status === 0 ? undefined : "root, namespaces and mounts";
};

const prepare = (): void => {
  for (const folder of ["dev", "proc", "sys/fs/cgroup", "run", "tmp", "judge/bundle/rootfs/bin"])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(busybox, join(root, "judge/bundle/rootfs/bin/busybox"));
  copyFileSync(build("test/policy/native/dump.c", "policy-dump", []), join(root, "judge/dump"));
};

const config = (seccomp: Json): Json => ({
  ociVersion: "1.0.2",
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ["/bin/busybox", "true"],
    env: ["PATH=/bin"],
    cwd: "/",
    noNewPrivileges: true,
  },
  root: { path: "rootfs" },
  mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
  linux: { namespaces: [{ type: "pid" }, { type: "mount" }, { type: "ipc" }, { type: "uts" }], seccomp },
});

/** The filter that a runtime loads, or its error message. */
export const loaded = (runtime: Runtime, profile: Profile): Program | string => {
  prepare();
  rmSync(join(root, "judge/state"), { recursive: true, force: true });
  rmSync(join(root, "judge/filters"), { force: true });
  writeFileSync(join(root, "judge/bundle/config.json"), jsonText(config(ociJson(profile))));
  const { stderr } = inside("/judge/dump", "/judge/filters", "1", ...commands[runtime]);
  const file = join(root, "judge/filters");
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  if (bytes.length < 4) return stderr || "nothing was attached";
  let last: Program = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const count = bytes.readUInt32LE(at);
    last = decodeProgram(bytes.subarray(at + 4, at + 4 + count * 8));
    at += 4 + count * 8;
  }
  return last;
};
