// `npm run lessons`: the C programs of the lab's lessons, compiled to assembly that the lab assembles. A
// comment
// before the instructions of a line of C has its number and text. Code of an inlined function belongs to the
// line of its caller.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../lab/src/lessons/c", import.meta.url));
const flags = [
  "-Os", "-S", "-g", "-masm=intel", "-ffreestanding", "-fno-pic", "-fno-asynchronous-unwind-tables", "-fcf-protection=none", "-fno-stack-protector",
]; // biome-ignore format: a list
const compile = (name: string): string => execFileSync("gcc", [...flags, "-o", "-", `${name}.c`], { cwd: folder, encoding: "utf8" });

/** An instruction in nasm's syntax. */
const converted = (text: string): string => {
  const [mnemonic = "", ...rest] = text.trim().split("\t");
  const operands = rest
    .join(" ")
    .replace(/\bPTR\b /g, "")
    .replace(/\bOFFSET FLAT:/g, "")
    .replaceAll(",", ", ")
    .replace(/, +/g, ", ");
  return `        ${operands === "" ? mnemonic : `${mnemonic.padEnd(8)}${operands.toLowerCase()}`}`;
};

for (const file of readdirSync(folder).filter((name) => name.endsWith(".c"))) {
  const name = file.slice(0, -2);
  const source = readFileSync(join(folder, file), "utf8").split("\n");
  const first = source.findIndex((line) => line.includes("_start")) + 1;
  const lines = ['%include "elf.inc"', "        elf64", "_start:"];
  let shown = 0;
  let current = 0;
  const text = compile(name);
  for (const line of text.slice(text.indexOf("\n_start:")).split("\n").slice(2)) {
    if (/^\t\.size\t_start/.test(line)) break;
    const at = Number(/^\t\.loc 1 (\d+) /.exec(line)?.[1] ?? 0);
    if (at >= first) current = at;
    if (/^\.L\d+:/.test(line)) lines.push(line);
    if (!/^\t[a-z]/.test(line)) continue;
    if (current !== shown) lines.push(`; ${current} | ${source[current - 1]?.trim()}`);
    shown = current;
    lines.push(converted(line));
  }
  const version = execFileSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).trim();
  writeFileSync(join(folder, `${name}.asm`), `; Made from ${file} by gcc ${version}, -Os.\n${lines.join("\n")}\n        end_elf\n`);
}
