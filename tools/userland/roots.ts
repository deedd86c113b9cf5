// Roots with installed Debian packages, one for each group and architecture, under .cache/userland.
// mmdebstrap(1) makes the essential part once. The root's own apt-get installs the rest in a chroot.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { releaseSource } from "../debian/apt.ts";
import { works } from "../debian/works.ts";
import type { Architecture, Group, Scenario } from "./scenario.ts";

const run = (command: string, args: readonly string[], minutes: number): void => {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: "latin1",
    maxBuffer: 1 << 28,
    timeout: minutes * 60_000,
    env: { PATH: process.env["PATH"], DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8", HOME: "/root" },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args[0]}: status ${status}\n${(stdout + stderr).slice(-2000)}`);
};

/**
 * $1: the root, $2: the folder of downloaded packages, then a command. No services start: policy-rc.d forbids
 * it.
 */
const inRoot = `
mount --bind "$2" "$1/var/cache/apt/archives" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d" &&
cp /etc/resolv.conf "$1/etc/resolv.conf" && root=$1 && shift 2 && chroot "$root" "$@"`;

/**
 * $1: a source package, unpacked and patched in /usr/src/$1; without patches if the archive has lost them.
 */
const fetchSource = `
rm -rf "/usr/src/$1" && mkdir -p "/usr/src/$1" && cd "/usr/src/$1" && { apt-get -q source "$1" || { apt-get -q source --tar-only "$1" && tar xf ./*.tar.*; }; } && find . -maxdepth 1 -type f -delete && mv ./*/* . &&
find . -maxdepth 1 -type d -empty -delete`;

/** The necessary contents of a group's root of an architecture. */
const contents = ({ scenarios }: Group, architecture: Architecture): { packages: string[]; sources: string[] } => {
  const mine = scenarios.filter((s) => s.architectures.includes(architecture));
  const all = (of: (s: Scenario) => readonly string[]): string[] => [...new Set(mine.flatMap(of))].sort();
  // Entering a root natively takes umount.
  return { packages: ["mount", ...all((s) => s.packages)], sources: all((s) => s.sources) };
};

export class Roots {
  readonly #folder: string;
  readonly #say: (text: string) => void;
  constructor(folder: string, say: (text: string) => void) {
    this.#folder = folder;
    this.#say = say;
  }

  /** The essential packages and apt of the release that this machine has. */
  #base(architecture: Architecture): string {
    const base = join(this.#folder, `base-${architecture}`);
    if (existsSync(`${base}.stamp`)) return base;
    const source = releaseSource();
    if (!source) throw new Error("no Debian archive is configured here: see sources.list(5)");
    this.#say(`base of ${architecture}: mmdebstrap`);
    if (!works(["mmdebstrap", "--version"])) run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "mmdebstrap"], 10);
    rmSync(base, { recursive: true, force: true });
    const options = [`--architectures=${architecture}`, "--variant=apt", "--components=main", "--mode=root", "--skip=check/empty"];
    run("mmdebstrap", [...options, source.suite, base, source.uri], 20);
    writeFileSync(`${base}.stamp`, "");
    return base;
  }

  /** The root of a group, made or completed first. Packages that it has already stay. */
  of(group: Group, architecture: Architecture): string {
    const root = join(this.#folder, `${group.name}-${architecture}`);
    const stamp = `${root}.stamp`;
    const { packages, sources } = contents(group, architecture);
    const wanted = [...packages, ...sources.map((s) => `${s}=source`)];
    const had = existsSync(stamp) ? readFileSync(stamp, "utf8").split("\n") : [];
    if (wanted.every((w) => had.includes(w)) && existsSync(root)) return root;
    const debs = join(this.#folder, `debs-${architecture}`);
    mkdirSync(join(debs, "partial"), { recursive: true });
    if (had.length === 0 || !existsSync(root)) {
      rmSync(root, { recursive: true, force: true });
      run("cp", ["-a", this.#base(architecture), root], 5);
    }
    const missing = packages.filter((p) => !had.includes(p));
    this.#say(`root ${group.name}-${architecture}: installs ${missing.length} packages`);
    const within = (...command: string[]): void =>
      run("flock", [`${debs}.lock`, "unshare", "--mount", "sh", "-ec", inRoot, "sh", root, debs, ...command], 40);
    const list = "/etc/apt/sources.list.d/source.list";
    within("sh", "-c", `sed 's/^deb /deb-src /' /etc/apt/sources.list >${list}; apt-get -q update`);
    const options = ["-q", "--yes", "--no-install-recommends", "-o", "APT::Keep-Downloaded-Packages=true"];
    within("apt-get", "install", ...options, ...missing);
    for (const source of sources.filter((s) => !had.includes(`${s}=source`))) within("sh", "-ec", fetchSource, "sh", source);
    within("sh", "-c", `rm -f ${list} /usr/sbin/policy-rc.d /etc/resolv.conf; rm -rf /var/lib/apt/lists/*`);
    writeFileSync(stamp, wanted.join("\n"));
    return root;
  }
}
