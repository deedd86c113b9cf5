// `npm run without [-- NAME …]`: is each feature of the kernel removed by its folder and its lines in the
// registry? In a copy of the sources the folder goes, with the tests of the feature alone, the registry of
// classes is made again, and tsc runs. Prints the errors by feature. Exit status 1 if there are any.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../..", import.meta.url));
const FEATURES = join("src", "kernel", "features");
const REGISTRY = join(FEATURES, "index.ts");
/** Tests of one feature: `FOLDER.test.ts`. */
const TESTS = join("test", "kernel", "features");

const copy = mkdtempSync(join(tmpdir(), "trapgate-without-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));

const names = execFileSync("git", ["-C", top, "ls-files", "-co", "--exclude-standard", "-z"], { encoding: "utf8", maxBuffer: 2 ** 26 })
  .split("\0")
  .filter((name) => /^(?:src|test|tools|bench|lab|examples)\/|^[^/]*\.json$/.test(name));
for (const name of names) cpSync(join(top, name), join(copy, name), { errorOnExist: false, force: true });
cpSync(join(top, "src", "cpu", "generated"), join(copy, "src", "cpu", "generated"), { recursive: true });
symlinkSync(join(top, "node_modules"), join(copy, "node_modules"));

/** The errors of tsc: lines with a file. */
const check = (): readonly string[] => {
  const args = [join(copy, "node_modules", ".bin", "tsc"), "-p", ".", "--incremental", "--tsBuildInfoFile", join(copy, "build-info")];
  const { stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8", maxBuffer: 2 ** 26 });
  return stdout.split("\n").filter((line) => /^\S+\(\d+,\d+\): error/.test(line));
};
/** The registry without the feature of a folder: its import, and its line in the list. */
const without = (registry: string, folder: string): string => {
  const line = new RegExp(`^import \\{ (\\w+) \\} from "\\./${folder}/index\\.ts";\n`, "m");
  const name = line.exec(registry)?.[1];
  if (name === undefined) throw new Error(`${REGISTRY} has no import of ${folder}`);
  return registry.replace(line, "").replace(new RegExp(`^  ${name},\n`, "m"), "");
};

const folders = readdirSync(join(top, FEATURES), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const chosen = process.argv.slice(2);
const registry = readFileSync(join(top, REGISTRY), "utf8");
const before = check();
if (before.length > 0) throw new Error(`tsc fails with all features:\n${before.join("\n")}`);
let failed = 0;
for (const folder of chosen.length > 0 ? chosen : folders) {
  const removed = [join(FEATURES, folder), join(TESTS, `${folder}.test.ts`)];
  for (const path of removed) rmSync(join(copy, path), { recursive: true, force: true });
  writeFileSync(join(copy, REGISTRY), without(registry, folder));
  execFileSync(process.execPath, ["--import", "tsx", join("tools", "state-classes.ts")], { cwd: copy });
  const errors = check();
  const broken = new Set(errors.map((line) => line.split("(")[0]));
  console.log(`${folder}: ${broken.size} other files break`);
  for (const line of errors.slice(0, 10)) console.log(`  ${line}`);
  if (errors.length > 0) failed++;
  for (const name of names.filter((name) => removed.some((path) => name === path || name.startsWith(`${path}/`))))
    cpSync(join(top, name), join(copy, name));
  writeFileSync(join(copy, REGISTRY), registry);
}
process.exitCode = failed > 0 ? 1 : 0;
