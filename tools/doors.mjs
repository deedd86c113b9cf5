// Imports that load their module at its first use. An import's names become members of a door: an object
// whose `e` is the module's exports, loaded when it is first read. esbuild's `define` puts the members in the
// place of the names, because it knows scopes. The names stay constant: no module of ours assigns an exported
// variable.
import { dirname, join } from "node:path";

/** One import as tsc writes it: names in braces or a namespace, from a file of ours. */
const importLine = /^import (?:\{([^}]*)\}|\* as ([\w$]+)) from "(\.[^"]*)";\n/gm;
const exportLine = /^export \{([^}]*)\};$/gm;

/** The pairs of a list in braces, `a, b as c`: a name there, and the name here. */
const pairsOf = (list) =>
  list
    .split(",")
    .map((pair) => pair.trim().split(" as "))
    .filter(([there]) => there !== "")
    .map(([there, here = there]) => [there, here]);

/**
 * A module's text with doors in place of the imports for whose file `isDoor` holds. Imports of which a name
 * is exported again stay. `transform`: esbuild's.
 */
export const withDoors = async (transform, target, path, text, isDoor) => {
  const exported = new Set([...text.matchAll(exportLine)].flatMap(([, list]) => pairsOf(list).map(([name]) => name)));
  const define = {};
  const doors = [];
  const rest = text.replace(importLine, (line, list, namespace, from) => {
    const pairs = namespace ? [["", namespace]] : pairsOf(list);
    if (!isDoor(join(dirname(path), from)) || pairs.some(([, here]) => exported.has(here))) return line;
    const [door, module] = [`door$${doors.length}`, `module$${doors.length}`];
    doors.push(`let ${module};const ${door}={get e(){return ${module}??=import("${from}")}};\n`);
    for (const [there, here] of pairs) define[here] = namespace ? `${door}.e` : `${door}.e.${there}`;
    return "";
  });
  if (doors.length === 0) return text;
  const { code } = await transform(rest, { define, format: "esm", target });
  return doors.join("") + code;
};
