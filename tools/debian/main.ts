// `npm run setup`: fetches and unpacks the tests' Debian packages (packages.ts), if that is not done yet.
// Without apt-get it prints a message and succeeds, and the tests that lack something print it again. With
// CI=true that is a failure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Apt, releaseSource } from "./apt.ts";
import { hostTools, type PackageSet, packageSets } from "./packages.ts";
import { works } from "./works.ts";

const cache = join(dirname(fileURLToPath(import.meta.url)), "..", "..", ".cache", "debian");
const problems: string[] = [];

/**
 * The releases to try: an index of i386 packages can be inconsistent for days; then the release before serves
 * as well.
 */
const suites = (own: string, architecture: string): string[] => (architecture === "i386" ? [own, "bookworm"] : [own]);

const open = new Map<string, Apt | undefined>();
const apt = (architecture: string): Apt | undefined => {
  if (open.has(architecture)) return open.get(architecture);
  const source = releaseSource();
  let found: Apt | undefined;
  for (const suite of source ? suites(source.suite, architecture) : []) {
    const candidate = new Apt(
      join(cache, "apt", `${architecture}-${suite}`),
      { ...(source as NonNullable<typeof source>), suite },
      architecture,
    );
    if (candidate.update()) {
      found = candidate;
      break;
    }
    console.warn(`Debian's ${architecture} index of ${suite} cannot be had`);
  }
  open.set(architecture, found);
  return found;
};

const unpack = (deb: string, root: string, { members }: PackageSet): boolean => {
  if (!members) return works(["dpkg-deb", "-x", deb, root]);
  const strip = members.archive.replace(/^.*\/|\.tar\.\w+$/g, "");
  const wanted = members.patterns.map((p) => `'${strip}/${p}'`).join(" ");
  return works([
    "sh",
    "-c",
    `dpkg-deb --fsys-tarfile '${deb}' | tar -xO '${members.archive}' | tar -xJ -C '${root}' --strip-components=1 ${wanted}`,
  ]);
};

/** A merged /usr: the links are base-files's, which nothing depends on. https://wiki.debian.org/UsrMerge */
const mergeUsr = (root: string): void => {
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    if (existsSync(join(root, "usr", name)) && !existsSync(join(root, name))) symlinkSync(join("usr", name), join(root, name));
  }
};

const fetch = (set: PackageSet): void => {
  const root = join(cache, set.name);
  const stamp = join(cache, `${set.name}.stamp`);
  const what = JSON.stringify(set);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === what) return;
  console.log(`Fetching ${set.packages.join(", ")} (${set.architecture}) …`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const debs = apt(set.architecture)?.download(set.packages, set.closure);
  if (debs?.every((deb) => unpack(deb, root, set))) {
    mergeUsr(root);
    writeFileSync(stamp, what);
  } else problems.push(`${set.name}: cannot be fetched`);
};

const install = (): void => {
  const missing = hostTools.filter((tool) => !works(tool.works));
  if (missing.length === 0) return;
  if (process.env["CI"] && process.getuid?.() === 0) {
    const packages = missing.flatMap((tool) => tool.packages);
    console.log(`Installing ${packages.join(", ")} …`);
    for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...packages]]) {
      spawnSync("apt-get", ["-q", ...args], {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    }
  }
  for (const tool of missing)
    if (!works(tool.works)) problems.push(`${tool.program}: not there (Debian: apt-get install ${tool.packages.join(" ")})`);
};

mkdirSync(cache, { recursive: true });
if (works(["apt-get", "--version"])) {
  for (const set of packageSets) fetch(set);
  install();
} else problems.push("apt-get: not there; the tests that need Debian's programs will be skipped");
for (const used of open.values()) used?.clean();
for (const problem of problems) console.warn(`set-up: ${problem}`);
process.exitCode = problems.length > 0 && process.env["CI"] ? 1 : 0;
