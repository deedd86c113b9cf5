// One scenario in a root: natively in namespaces of its own over an overlay, or inside by the command line.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { Scenario } from "./scenario.ts";

export interface Outcome {
  /** The exit status; 128 and the signal's number; or the time was up. */
  readonly end: number | "timeout";
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

const environment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  TERM: "xterm",
};
const HOSTNAME = "trapgate";
/** Bytes of each stream that are kept. */
const KEPT = 1 << 22;

/**
 * $1: the root, $2: an empty folder, $3: the script, then the environment. The devices are those of the
 * guest, and process 1 is another process.
 */
const enter = `
mount -t tmpfs none "$2" && mkdir "$2/upper" "$2/work" "$2/root" &&
mount -t overlay none -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" && cd "$2/root" && mkdir -p proc dev sys &&
mount -t proc none proc && mount -t sysfs none sys && mount -t cgroup2 none sys/fs/cgroup &&
mount -t tmpfs -o mode=755 none dev && mkdir dev/pts dev/shm dev/mqueue &&
mount -t devpts -o newinstance,ptmxmode=666,gid=5,mode=620 none dev/pts && mount -t tmpfs -o mode=1777 none dev/shm &&
mknod -m 666 dev/null c 1 3 && mknod -m 666 dev/zero c 1 5 && mknod -m 666 dev/full c 1 7 && mknod -m 666 dev/random c 1 8 &&
mknod -m 666 dev/urandom c 1 9 && mknod -m 666 dev/tty c 5 0 && mknod -m 600 dev/console c 5 1 && mount -t mqueue none dev/mqueue &&
ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd && ln -s fd/0 dev/stdin && ln -s fd/1 dev/stdout && ln -s fd/2 dev/stderr &&
hostname ${HOSTNAME} && ip link set lo up && renice -n 0 -p $$ >/dev/null && script=$3 && shift 3 &&
setsid -w sh -c 'pivot_root . . && umount -l . && script=$1 && shift && exec env -i "$@" /bin/sh -ec "$script"' sh "$script" "$@"`;

const namespaces = ["--mount", "--net", "--pid", "--fork", "--ipc", "--uts", "--cgroup", "--kill-child"];

/** The script in an empty folder. */
const scriptOf = ({ script }: Scenario): string => `mkdir /w\ncd /w\n${script}`;

const finished = (command: string, args: readonly string[], seconds: number): Promise<Outcome> =>
  new Promise((done) => {
    const begun = performance.now();
    const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (bytes: Buffer) => {
        if (text[name].length < KEPT) text[name] += bytes.toString("latin1");
      });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
    }, seconds * 1000);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ end: late ? "timeout" : (code ?? 128), ...text, seconds: (performance.now() - begun) / 1000 });
    });
  });

/** The scenario on the kernel under us. Nothing of the root changes. */
export const natively = async (root: string, scenario: Scenario): Promise<Outcome> => {
  const place = mkdtempSync(join(tmpdir(), "trapgate-userland-"));
  try {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const args = [...namespaces, "sh", "-c", enter, "sh", root, place, scriptOf(scenario), ...variables];
    return await finished("unshare", args, scenario.seconds);
  } finally {
    rmSync(place, { recursive: true });
  }
};

/** The scenario inside. `trapgate` is the command line, `more` are options of its `run`. */
export const inside = async (
  trapgate: readonly string[],
  root: string,
  scenario: Scenario,
  more: readonly string[] = [],
): Promise<Outcome> => {
  const [command, ...first] = trapgate as [string, ...string[]];
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const machine = [
    "--hostname",
    HOSTNAME,
    "--clock",
    "now",
    "--cpus",
    String(cpus().length),
    "--memory",
    scenario.memory,
    ...(scenario.cpu ? ["--cpu", scenario.cpu] : []),
  ];
  const args = [...first, "run", "--root", root, ...machine, "--timeout", String(scenario.seconds), ...more, ...variables];
  const outcome = await finished(command, [...args, "--", "/bin/sh", "-ec", scriptOf(scenario)], scenario.seconds + 20);
  return outcome.end === 124 && outcome.seconds >= scenario.seconds ? { ...outcome, end: "timeout" } : outcome;
};
