// A script on the kernel under us, in a sandbox of its own: namespaces, an empty root, user 1000, limits. For
// harmless calls only.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const guest = fileURLToPath(new URL("../../../guest/bin/script", import.meta.url));
/** The file systems go with the mount namespace. */
const SETUP = `mount -t tmpfs -o mode=755,size=16m none "$1" && mkdir "$1/tmp" && mount -t tmpfs -o mode=1777,size=16m none "$1/tmp" &&
cp "$2" "$1/script" && exec prlimit --nofile=1024:1024 --cpu=5 --as=268435456 --core=0 -- chroot --userspec=1000:1000 --groups= "$1" /script`;

const inSandbox = (command: readonly string[], input?: Uint8Array) =>
  spawnSync("unshare", ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--", ...command], {
    ...(input ? { input } : {}),
    env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeout: 10_000,
    killSignal: "SIGKILL",
    maxBuffer: 1 << 24,
  });

let able: boolean | undefined;
/** An x86-64 Linux where we may make namespaces: root's. */
export const canRunNatively = (): boolean => (able ??= platform() === "linux" && arch() === "x64" && inSandbox(["true"]).status === 0);

/** The output of the script; undefined: it did not reach its end. */
export const runNatively = (script: Uint8Array): Uint8Array | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "campaign-"));
  try {
    const { status, stdout } = inSandbox(["sh", "-c", SETUP, "sh", folder, guest], script);
    return status === 0 ? new Uint8Array(stdout) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
