// Imports that load their module at its first use. An import's names become members of an object whose `e` is
// the module's exports, loaded when it is first read. esbuild's `define` puts the members in the
// place of the names, because it knows scopes. The names stay constant: no module of ours assigns an exported
// variable.
import { dirname, join } from "node:path";

/** One import as tsc writes it: names in braces or a namespace, from a file of ours. */
export const importLine = /^import (?:\{([^}]*)\}|\* as ([\w$]+)) from "(\.[^"]*)";\n/gm;
const exportLine = /^export \{([^}]*)\};$/gm;

/** The pairs of a list in braces, `a, b as c`: a name there, and the name here. */
export const pairsOf = (list) =>
  list
    .split(",")
    .map((pair) => pair.trim().split(" as "))
    .filter(([there]) => there !== "")
    .map(([there, here = there]) => [there, here]);

/** The names here that a module exports again, or as a list. */
export const exportedNames = (text) => new Set([...text.matchAll(exportLine)].flatMap(([, list]) => pairsOf(list).map(([name]) => name)));

/**
 * A module's text with deferred imports of the files for which `isDeferred` holds. Imports of which a name is
 * exported again stay. `transform`: esbuild's.
 */
export const deferImports = async (transform, target, path, text, isDeferred) => {
  const exported = exportedNames(text);
  const define = {};
  const deferred = [];
  const rest = text.replace(importLine, (line, list, namespace, from) => {
    const pairs = namespace ? [["", namespace]] : pairsOf(list);
    if (!isDeferred(join(dirname(path), from)) || pairs.some(([, here]) => exported.has(here))) return line;
    const [imported, module] = [`imported$${deferred.length}`, `module$${deferred.length}`];
    deferred.push(`let ${module};const ${imported}={get e(){return ${module}??=import("${from}")}};\n`);
    for (const [there, here] of pairs) define[here] = namespace ? `${imported}.e` : `${imported}.e.${there}`;
    return "";
  });
  if (deferred.length === 0) return text;
  const { code } = await transform(rest, { define, format: "esm", target });
  return deferred.join("") + code;
};
