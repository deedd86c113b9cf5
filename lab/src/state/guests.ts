// The ready programs: sources of guest/src, and the catalogue of landmines. Loaded after the first run has
// begun.
import { catalogue } from "../../../src/landmines/catalogue/index.ts";

const texts = import.meta.glob<string>(["../../../guest/src/*.asm", "../../../guest/src/landmines/*.asm"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const nameOf = (path: string): string => path.replace(/^.*\/guest\/src\/(?:landmines\/)?|\.asm$/g, "");
const sources = new Map(Object.entries(texts).map(([path, text]) => [nameOf(path), text]));

export interface Guest {
  readonly name: string;
  readonly title: string;
  readonly group: "Hello" | "Landmines" | "Races" | "More";
}
const titles: Readonly<Record<string, string>> = {
  "hello-syscall": "syscall, from 64-bit code",
  "hello-int80-32": "int 0x80, from 32-bit code",
  "hello-int80-64": "int 0x80, from 64-bit code",
  "hello-sysenter": "sysenter (an Intel processor)",
  "hello-syscall32": "syscall, from 32-bit code (an AMD processor)",
  "hello-vdso32": "the vDSO's door, as an i386 libc uses it",
  "race-thread": "a thread starts before the filter",
  "race-notify": "a supervisor looks at memory",
  "race-tracer": "a tracer changes the number",
  "race-counter": "two threads and one counter",
  vsyscall: "the vsyscall page",
};
const left = new Set(["a12-child", "script", "slots", "libc-start", "libc-start32", "libc-usual", "loops", "loops32"]);
const mines = catalogue.filter(({ program }) => sources.has(program));

export const guests: readonly Guest[] = [
  ...[...sources.keys()]
    .filter((name) => name.startsWith("hello"))
    .map((name): Guest => ({ name, title: titles[name] ?? name, group: "Hello" })),
  ...mines
    .filter(({ program }, n) => mines.findIndex((other) => other.program === program) === n)
    .map(({ program, id, title }): Guest => ({ name: program, title: `${id}: ${title}`, group: "Landmines" })),
  ...[...sources.keys()]
    .filter((name) => name.startsWith("race"))
    .map((name): Guest => ({ name, title: titles[name] ?? name, group: "Races" })),
  ...[...sources.keys()]
    .filter((name) => !left.has(name) && !/^(hello|race)/.test(name) && !mines.some(({ program }) => program === name))
    .map((name): Guest => ({ name, title: titles[name] ?? name, group: "More" })),
];

/** The source of a ready program. */
export const sourceOf = (name: string): string | undefined => sources.get(name);
/** The row of the catalogue that a program shows. */
export const mineOf = (name: string) => mines.find(({ program }) => program === name);
/** Its program installs no filter, or speaks the other dialect: the kernel's symbols are not for it. */
export const hasDialect = (name: string): boolean => !mineOf(name)?.oneProgram;
