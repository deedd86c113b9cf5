// The first step of `npm start` and `npm test`: install and build, each only if something has changed. Plain
// JavaScript on Node's own modules, because it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(top, "dist", ".stamp");
const labStampFile = join(top, "dist", ".lab-stamp");

/** Run a command in the project's folder with our streams; a failure ends us with its status. */
export const run = (command, args) => {
  const { status, signal, error } = spawnSync(command, args, { cwd: top, stdio: "inherit" });
  if (error) {
    console.error(`cannot run ${command}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
};

const json = (file) => JSON.parse(readFileSync(join(top, file), "utf8"));

/**
 * npm keeps a second lock file of the installed packages. It is stale if a package of the project's lock is
 * absent or different there.
 */
const installed = () => {
  const there = join("node_modules", ".package-lock.json");
  if (!existsSync(join(top, there))) return false;
  const have = json(there).packages;
  return Object.entries(json("package-lock.json").packages).every(
    ([path, want]) => path === "" || want.optional || have[path]?.version === want.version,
  );
};

export const install = () => {
  if (installed()) return;
  console.log("Installing the packages of package-lock.json …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
};

/** The sources of the built package, without the files that the build itself writes. */
const inputs = ["src", "guest", "tools", "bin", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];

const files = (path) => {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries.filter((e) => e.isFile() && !e.parentPath.endsWith("generated")).map((e) => join(e.parentPath, e.name));
};

/** A hash of names and contents: modification times mean nothing after a clone. */
export const stamp = (others = []) => {
  const hash = createHash("sha256");
  for (const input of [...inputs, ...others]) {
    const path = join(top, input);
    const list = existsSync(path) && !input.includes(".") ? files(path).sort() : [path];
    for (const file of list)
      hash
        .update(`${file.slice(top.length)}\0`)
        .update(readFileSync(file))
        .update("\0");
  }
  return hash.digest("hex");
};

/**
 * Records the build: `now` is the state of the sources at its start. Compiled guest code is kept for this
 * build only (host/node-code-store.ts).
 */
export const writeStamp = (now) => writeFileSync(stampFile, now);

export const build = () => {
  const now = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === now) return;
  console.log("Building dist/ …");
  run(process.execPath, [join(top, "tools", "build.mjs")]);
};

/** The page of `trapgate lab` (lab/), in dist/lab. */
export const buildLab = () => {
  const now = stamp(["lab"]);
  if (existsSync(labStampFile) && readFileSync(labStampFile, "utf8") === now) return;
  console.log("Building dist/lab/ …");
  run(process.execPath, [join(top, "lab", "build.mjs")]);
  writeFileSync(labStampFile, now);
};
