// Scripts for sh in a root folder of unpacked Debian packages, natively and inside: with the same files, the
// same text must come out. Natively an overlay protects the folder. Both have a network of their own with the
// loopback device only.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FileOptions, Run } from "trapgate";
import { endOfRun, runRooted } from "../support/guest.ts";
import { debian, gcc, missing, type Need, nativeX64, top } from "../support/host.ts";
import { type NativeRun, runNative } from "../support/native.ts";

/** A file for both a guest and native Linux. */
type File = FileOptions & { readonly content: string | Uint8Array };
export type Files = Readonly<Record<string, File>>;
export const confined = debian("confined-amd64");

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** $1: the root folder, $2: more files, $3: an empty folder, $4: the script. */
const enter = `
mount -t tmpfs none "$3" && mkdir "$3/upper" "$3/work" "$3/root" &&
mount -t overlay none -o "lowerdir=$2:$1,upperdir=$3/upper,workdir=$3/work" "$3/root" && cd "$3/root" && mkdir -p proc dev &&
mount -t proc none proc && mount --rbind /dev dev && ip link set lo up && pivot_root . . && umount -l . &&
exec env -i PATH=${PATH} sh -c "$4"`;
const namespaces = ["--mount", "--net", "--pid", "--fork", "--ipc", "--uts", "--kill-child"];

/** Root on the host, which may mount overlays and make namespaces. */
export const unshares: Need = {
  what: "root with unshare(1), ip(8) and overlayfs",
  met:
    process.getuid?.() === 0 &&
    spawnSync("unshare", [...namespaces, "sh", "-c", "ip link set lo up && grep -q overlay /proc/filesystems"]).status === 0,
};
export const lacks = (tests: string, ...more: readonly Need[]): boolean =>
  missing(tests, nativeX64, confined, gcc, debian("libseccomp-amd64"), ...more, unshares);

const runOutside = (folder: string, files: Files, script: string): NativeRun => {
  const more = join(folder, "more");
  const place = join(folder, "place");
  mkdirSync(more, { recursive: true });
  mkdirSync(place, { recursive: true });
  for (const [path, { content, mode = 0o644 }] of Object.entries(files)) {
    mkdirSync(dirname(join(more, path)), { recursive: true });
    writeFileSync(join(more, path), content, { mode });
  }
  return runNative("unshare", [...namespaces, "sh", "-c", enter, "sh", confined.path, more, place, script], {
    env: { PATH: process.env["PATH"] ?? PATH },
  });
};

export interface Both {
  readonly native: NativeRun;
  readonly inside: NativeRun;
  readonly run: Run;
}
/** The script natively and inside. /tmp is there. */
export const both = async (script: string, files: Files = {}): Promise<Both> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-programs-"));
  try {
    const whole = `mkdir -p -m 1777 /tmp; ${script}`;
    const native = runOutside(folder, files, whole);
    const run = await runRooted(confined.path, "/bin/sh", {
      argv0: "sh",
      args: ["-c", whole],
      files,
      timeout: 220,
      trace: { follow: true },
    });
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
    return { native, run, inside: { stdout: text(run.stdout.bytes), stderr: text(run.stderr.bytes), end: endOfRun(run) } };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The number of filters that were installed, by the trace. */
export const filtersInstalled = ({ trace }: Run): number =>
  trace.filter((line) => /\b(seccomp\(SECCOMP_SET_MODE_FILTER, .*|prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, .*)\) += 0$/.test(line))
    .length;

/** Makes the file at its first use. A missing need is reported where tests are skipped. */
const made = (make: () => Uint8Array): File => {
  let content: Uint8Array | undefined;
  return {
    get content() {
      return (content ??= make());
    },
    mode: 0o755,
  };
};
const compiled = (...args: readonly string[]): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-compiled-"));
  try {
    const to = join(folder, "compiled");
    execFileSync("gcc", ["-O1", "-o", to, ...args]);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
const sourceOf = (name: string): string => join(top, "test", "programs", name);

/** A source of this folder as a library to be preloaded. */
export const library = (source: string): File => made(() => compiled("-shared", "-fPIC", sourceOf(source)));

/** confine.c with Debian's libseccomp, static. */
export const confine = (bits: 64 | 32): File => {
  const [set, triplet] =
    bits === 64 ? (["libseccomp-amd64", "x86_64-linux-gnu"] as const) : (["libseccomp-i386", "i386-linux-gnu"] as const);
  const { path } = debian(set);
  const archive = join(path, "usr", "lib", triplet, "libseccomp.a");
  return made(() => compiled(`-m${bits}`, "-static", "-I", join(path, "usr", "include"), sourceOf("confine.c"), archive));
};
