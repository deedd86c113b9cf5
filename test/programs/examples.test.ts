// The examples, as users have them: each in a folder of its own, with the package that `npm pack` makes.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

/** Outside of this repository, whose settings vitest would find. */
const place = mkdtempSync(join(tmpdir(), "trapgate-examples-"));
const names = readdirSync(join(top, "examples"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => existsSync(join(top, "examples", name, "package.json")));
/** Tests that each has at least. */
const least: Readonly<Record<string, number>> = { "agent-sandbox": 20, "docker-profile": 4, "systemd-unit": 4 };

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[];
  }[];
}
const run = (command: string, args: readonly string[], cwd: string) => {
  // The example's vitest is not to take this one's settings.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|TEST$|VITE_|NODE_OPTIONS)/.test(name)));
  return spawnSync(command, args, { cwd, encoding: "utf8", env, timeout: 400_000, maxBuffer: 1 << 26 });
};

describe.skipIf(missing("the examples", gcc, nativeX64))("the examples", { timeout: 600_000 }, () => {
  beforeAll(() => {
    const packed = run("npm", ["pack", "--silent", "--pack-destination", place], top);
    expect(packed.status, packed.stderr).toBe(0);
    const modules = join(place, "node_modules");
    mkdirSync(join(modules, "trapgate"), { recursive: true });
    const archive = join(place, packed.stdout.trim().split("\n").at(-1) as string);
    expect(run("tar", ["-xzf", archive, "-C", join(modules, "trapgate"), "--strip-components=1"], place).status).toBe(0);
    // Its dependencies, and vitest, from here: there is no registry.
    const has = readdirSync(join(top, "node_modules")).filter((name) => !name.startsWith(".") && name !== "trapgate");
    for (const name of has) symlinkSync(join(top, "node_modules", name), join(modules, name));
  }, 600_000);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("the package has the lab without busybox, and is not large", () => {
    const folder = join(place, "node_modules", "trapgate");
    expect(existsSync(join(folder, "dist", "lab", "index.html"))).toBe(true);
    expect(existsSync(join(folder, "dist", "lab", "shell"))).toBe(false);
    const archive = readdirSync(place).find((name) => name.endsWith(".tgz")) as string;
    // 5.03 MB on 2026-11-30; 5.07 MB on 2026-12-01: proofs with waiting loops, packed recordings and a
    // debugger that follows forks have 37 KB. 5.13 MB in the evening: starts of the library, and all ends of
    // a program in proofs. 5.14 MB on 2026-12-02 without the change log, which releases have as their notes.
    // 5.16 MB in the evening: points between the reads of a call, and a guarded heap for two ABIs.
    // 5.17 MB on 2026-12-03: commands of breakpoints, and their printf. 5.08 MB on 2026-12-04: the library's
    // modules have no white space.
    expect(statSync(join(place, archive)).size).toBeLessThan(5_130_000);
  });
  it("serves the page's generated code from the command line's copy, byte for byte", () => {
    const installed = join(place, "node_modules", "trapgate", "dist");
    const assets = readdirSync(join(top, "dist", "lab", "assets")).filter((name) => /\.(?:wasm|bin)$/.test(name));
    expect(assets.length).toBeGreaterThan(10);
    expect(readdirSync(join(installed, "lab", "assets")).filter((name) => assets.includes(name))).toEqual([]);
    for (const name of assets) {
      const shared = join(installed, "bundle", `${name.replace(/-[\w-]{8}\.\w+$/, "")}.bin`);
      expect(readFileSync(shared).equals(readFileSync(join(top, "dist", "lab", "assets", name))), name).toBe(true);
    }
  });
  it("keeps V8's form of its scripts in the user's cache, for the same build and Node.js", () => {
    const home = join(place, "home");
    mkdirSync(home);
    const program = join(place, "node_modules", "trapgate", "guest", "bin", "hello-syscall");
    const start = (...args: readonly string[]) => {
      const all = [join(place, "node_modules", "trapgate", "bin", "trapgate.js"), ...args];
      const { stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8", env: { PATH: process.env["PATH"], HOME: home } });
      return stdout + stderr;
    };
    const kept = () => readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) => /scripts\/.*\.cache$/.test(name));
    expect(start("run", "--code-cache", "off", program)).toBe("hello through syscall\n");
    expect(kept()).toEqual([]);
    expect(start("run", program)).toBe("hello through syscall\n");
    // The run is kept too, for which the script "tree" is needed.
    const forms = ["start", "tree"].map((script) => `${script}-${process.versions.v8}-${process.arch}.cache`);
    const scripts = kept().sort();
    expect(scripts.map((name) => basename(name))).toEqual(forms);
    const file = join(home, scripts[0] as string);
    const made = statSync(file).mtimeMs;
    expect(start("run", program)).toBe("hello through syscall\n");
    expect(statSync(file).mtimeMs).toBe(made);
    // A damaged one, and one that others may write, are not used.
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    expect(start("run", program)).toBe("hello through syscall\n");
    expect(statSync(file).size).toBeGreaterThan(100_000);
    chmodSync(file, 0o666);
    expect(start("run", program)).toBe("hello through syscall\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    start("cache", "clear");
    expect(kept()).toEqual([]);
  });
  it("are those of the README", () => {
    expect(names.sort()).toEqual(Object.keys(least).sort());
    const readme = readFileSync(join(top, "examples", "README.md"), "utf8");
    for (const name of names) expect(readme).toContain(`[${name}](${name})`);
  });
  it.each(names)("%s passes all of its tests with the packed package", (name) => {
    const folder = join(place, name);
    cpSync(join(top, "examples", name), folder, { recursive: true });
    const vitest = join(place, "node_modules", "vitest", "vitest.mjs");
    const { stdout, stderr } = run(process.execPath, [vitest, "run", "--root", folder, "--reporter=json"], folder);
    const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Report;
    const failures = report.testResults.flatMap(({ message, assertionResults }) => [
      message,
      ...assertionResults.flatMap(({ failureMessages }) => failureMessages),
    ]);
    expect(failures.filter(Boolean), stderr).toEqual([]);
    expect([report.success, report.numPassedTests]).toEqual([true, report.numTotalTests]);
    expect(report.numPassedTests).toBeGreaterThanOrEqual(least[name] as number);
  });
  it("are installed and tested as examples/README.md says, with the package.json of a clone", () => {
    const clone = join(place, "clone");
    const folder = join(clone, "examples", "docker-profile");
    cpSync(join(top, "examples", "docker-profile"), folder, { recursive: true });
    for (const name of readdirSync(place).filter((each) => each.endsWith(".tgz"))) cpSync(join(place, name), join(clone, name));
    const installed = run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"], folder);
    expect(installed.status, installed.stderr).toBe(0);
    const tested = run("npm", ["test", "--silent", "--", "--no-color"], folder);
    expect(tested.stdout + tested.stderr).toMatch(/Tests +4 passed/);
    // Without the clone's packages: the file has all that it needs.
    expect(existsSync(join(folder, "node_modules", "trapgate", "dist", "vitest"))).toBe(true);
  });
  it("agent-sandbox leaves its coverage", () => {
    expect(readFileSync(join(place, "agent-sandbox", "coverage.txt"), "utf8")).toMatch(/\d+ of \d+/);
    expect(readFileSync(join(place, "agent-sandbox", "coverage.info"), "utf8")).toContain("end_of_record");
  });
});
