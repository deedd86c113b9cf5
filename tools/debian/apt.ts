// apt-get with a private configuration: its own lists, cache and sources, so that the machine's own apt stays
// as it is. Where packages come from is derived from the machine's configured sources. man apt.conf(5),
// sources.list(5).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One archive as sources.list(5) describes it. */
interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly signedBy: string;
}

const etc = "/etc/apt";
const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.pgp";

const configured = (): string[] => {
  const parts = join(etc, "sources.list.d");
  const list = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .map((f) => join(parts, f))
    : [];
  return [...list, join(etc, "sources.list")].filter((f) => /\.(list|sources)$/.test(f) && existsSync(f));
};

/** deb822 stanzas: "Key: value" lines, blank lines between. */
const stanzas = (text: string): Map<string, string>[] =>
  text
    .split(/\n\s*\n/)
    .map((block) => new Map([...block.matchAll(/^([A-Za-z-]+):\s*(.*)$/gm)].map((m) => [m[1] as string, m[2] as string])));

const deb822 = (text: string): Source[] =>
  stanzas(text)
    .filter((s) => s.get("Types")?.split(/\s+/).includes("deb") && s.get("Components")?.split(/\s+/).includes("main"))
    .flatMap((s) =>
      (s.get("Suites") ?? "").split(/\s+/).map((suite) => ({
        uri: (s.get("URIs") ?? "").split(/\s+/)[0] as string,
        suite,
        signedBy: s.get("Signed-By") ?? archiveKeys,
      })),
    );

/** One-line style: deb [options] uri suite components. */
const oneLine = (text: string): Source[] =>
  [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*\bmain\b.*)$/gm)].map((m) => ({
    uri: m[2] as string,
    suite: m[3] as string,
    signedBy: /signed-by=(\S+)/.exec(m[1] ?? "")?.[1] ?? archiveKeys,
  }));

/** The release's own archive, without updates, security or third-party archives. */
export const releaseSource = (): Source | undefined => {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const all = configured().flatMap((file) => (file.endsWith(".sources") ? deb822 : oneLine)(readFileSync(file, "utf8")));
  return all.find((s) => s.suite === codename);
};

export class Apt {
  readonly #folder: string;
  readonly #options: string[];

  constructor(folder: string, source: Source, architecture: string) {
    this.#folder = folder;
    for (const part of ["state", "lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, part), { recursive: true });
    const list = join(folder, "archive.sources");
    writeFileSync(list, `Types: deb\nURIs: ${source.uri}\nSuites: ${source.suite}\nComponents: main\nSigned-By: ${source.signedBy}\n`);
    const settings = {
      "APT::Architecture": architecture,
      "APT::Architectures": architecture,
      "APT::Sandbox::User": "",
      "Acquire::Languages": "none",
      "Debug::NoLocking": "1",
      "Dir::Cache": join(folder, "cache"),
      "Dir::Etc::PreferencesParts": "/dev/null",
      "Dir::Etc::SourceList": list,
      "Dir::Etc::SourceParts": "/dev/null",
      "Dir::State": join(folder, "state"),
      "Dir::State::lists": join(folder, "lists"),
      "Dir::State::status": "/dev/null",
    };
    this.#options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  }

  #run(...args: string[]): boolean {
    const { status } = spawnSync("apt-get", [...this.#options, "-q", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 900_000,
    });
    return status === 0;
  }

  update(): boolean {
    return this.#run("update");
  }

  /** Forget downloaded packages (not the lists). */
  clean(): void {
    const archives = join(this.#folder, "cache", "archives");
    rmSync(archives, { recursive: true, force: true });
    mkdirSync(join(archives, "partial"), { recursive: true });
  }

  /** Download packages, with all that they depend on if asked; the files' names, or undefined. */
  download(packages: readonly string[], closure: boolean): string[] | undefined {
    this.clean();
    const archives = join(this.#folder, "cache", "archives");
    const done = closure
      ? this.#run("install", "--download-only", "--yes", "--no-install-recommends", ...packages)
      : spawnSync("apt-get", [...this.#options, "-q", "download", ...packages], { cwd: archives, stdio: ["ignore", "ignore", "inherit"] })
          .status === 0;
    if (!done) return undefined;
    return readdirSync(archives)
      .filter((f) => f.endsWith(".deb"))
      .map((f) => join(archives, f));
  }
}
