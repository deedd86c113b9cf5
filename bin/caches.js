// Leaves V8's compiled forms of the bundle's scripts in the user's cache, for the next start of an installed
// package. A form holds the functions that this run has compiled, so only a run that did the work of typical
// runs is worth one.
const { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { basename, dirname, join } = require("node:path");
const { cacheOf } = require("./trapgate.js");

/** Builds whose forms stay. */
const most = 4;

/** True if the user wants nothing written. */
const isOff = (args) => args.some((arg, n) => arg === "--code-cache=off" || (arg === "--code-cache" && args[n + 1] === "off"));

/** Node's recursive mkdir does not end on a file system where no directory can be made, such as /proc. */
const makeFolder = (folder) => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
};
const removeOld = (folder) => {
  const all = dirname(folder);
  const others = readdirSync(all).filter((name) => name !== basename(folder));
  const used = (name) => statSync(join(all, name)).mtimeMs;
  const old = others.sort((a, b) => used(b) - used(a)).slice(most - 1);
  for (const name of old) rmSync(join(all, name), { recursive: true, force: true });
};

/**
 * Writes the forms that the bundle lacked in a run with these arguments. A file is renamed when it is whole.
 * A folder that cannot be written is no error: the next start compiles again.
 */
const keep = ({ scripts, lacking: { folder, names } }, args) => {
  if (!["run", "trace", "record"].includes(args[0]) || isOff(args)) return;
  try {
    makeFolder(folder);
    for (const name of names) {
      const scratch = join(folder, `${name}.${process.pid}`);
      rmSync(scratch, { force: true });
      // "wx": nothing that lies there is opened.
      writeFileSync(scratch, scripts[name].createCachedData(), { mode: 0o600, flag: "wx" });
      renameSync(scratch, cacheOf(name, folder));
    }
    removeOld(folder);
  } catch {
    // As above.
  }
};

module.exports = { keep };
