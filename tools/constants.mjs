// Tables of constants, such as E = { EPERM: 1, … } as const, whose members the bundle has as numbers. An
// object
// literal costs a start some 2500 instructions a member, because V8 makes a hidden class for each, and each
// use of a member costs an inline cache. A table that is only used by its members is then not in the bundle.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportedNames, importLine, pairsOf } from "./deferred-imports.mjs";
import { top } from "./setup.mjs";

/** No module changes a member: the types are read-only. A table may be calculated; a nested one is none. */
const table = /^export const ([\w$]+)(?: = \{[^{}]*\} as const;$|: Readonly<Record<[^=]*, number>> = )/gm;

const isTable = (value) =>
  Object.entries(value).every(([name, n]) => Number.isSafeInteger(n) && !Object.is(n, -0) && /^[A-Za-z_$][\w$]*$/.test(name));

/** The table that a name of a built module means, itself or passed on from another module. */
export const constantTables = async () => {
  const tables = new Set();
  const names = new Set();
  for (const entry of readdirSync(join(top, "src"), { recursive: true })) {
    if (!entry.endsWith(".ts") || entry.endsWith(".d.ts")) continue;
    const found = [...readFileSync(join(top, "src", entry), "utf8").matchAll(table)].map(([, name]) => name);
    const path = join(top, "dist", entry.replace(/\.ts$/, ".js"));
    if (found.length === 0 || !existsSync(path)) continue;
    const module = await import(pathToFileURL(path).href);
    for (const name of found.filter((name) => isTable(module[name]))) {
      tables.add(module[name]);
      names.add(name);
    }
  }
  return async (path, name) => {
    if (!names.has(name) || !existsSync(path)) return undefined;
    const value = (await import(pathToFileURL(path).href))[name];
    return tables.has(value) ? value : undefined;
  };
};

/** A module's text with numbers in place of members of imported tables. `transform`: esbuild's. */
export const inlineConstants = async (transform, target, path, text, tableOf) => {
  const exported = exportedNames(text);
  const define = {};
  const lines = new Map();
  for (const [line, list, namespace, from] of text.matchAll(importLine)) {
    if (namespace) continue;
    const pairs = pairsOf(list);
    const found = await Promise.all(
      pairs.map(([name, here]) => (exported.has(here) ? undefined : tableOf(join(dirname(path), from), name))),
    );
    if (found.every((members) => !members)) continue;
    const renamed = pairs.map(([name, here], i) => {
      if (!found[i]) return `${name} as ${here}`;
      for (const [member, value] of Object.entries(found[i])) define[`${here}.${member}`] = String(value);
      // What is left are uses of the whole table.
      define[here] = `table$${here}`;
      return `${name} as table$${here}`;
    });
    lines.set(line, `import { ${renamed.join(", ")} } from "${from}";\n`);
  }
  if (lines.size === 0) return text;
  const rest = text.replace(importLine, (line) => lines.get(line) ?? line);
  return (await transform(rest, { define, format: "esm", target })).code;
};
