// Whole programs in NASM's language: macros, sections, one file of bytes as `nasm -f bin` writes it. Judge:
// NASM's bytes of guest/src (guest/bin).
import type { AddressSize } from "../isa/ops.ts";
import type { Assembled } from "./assemble.ts";
import { bad } from "./bad-line.ts";
import { expression } from "./expression.ts";
import { atLine, type PlacedStatement, type ProgramSection, place } from "./layout.ts";
import { parseLine } from "./parse.ts";
import { type IncludeText, Preprocessor, type SourceLine } from "./preprocess.ts";
import { StatementAssembler } from "./statement.ts";

/** Options of `assembleProgram`. */
export interface ProgramSourceOptions {
  /** The text of a file that `%include` names; undefined: there is none. */
  readonly include?: IncludeText;
  /** The bytes of a file that `incbin` names; undefined: there is none. */
  readonly binary?: (name: string) => Uint8Array | undefined;
  /** Names that are defined, as `-D` of nasm. */
  readonly defines?: Readonly<Record<string, string>>;
}

/** nasm -f bin: `.data` begins at a multiple of 4. */
const DATA_ALIGN = 4;
const SECTIONS = 64;

class Program {
  readonly #items: PlacedStatement[] = [];
  readonly #sections = new Map<string, ProgramSection>();
  readonly #assemblers = new Map<AddressSize, StatementAssembler>();
  readonly #options: ProgramSourceOptions;
  #bits: AddressSize = 16;
  #section = this.#sectionOf(".text");
  #scope = "";
  #origin = 0;

  constructor(options: ProgramSourceOptions) {
    this.#options = options;
  }

  #sectionOf(name: string): ProgramSection {
    const known = this.#sections.get(name);
    if (known) return known;
    if (this.#sections.size === SECTIONS) bad(`a program has at most ${SECTIONS} sections`);
    const made = { name, align: name === ".text" ? 1 : DATA_ALIGN };
    this.#sections.set(name, made);
    return made;
  }
  #assembler(): StatementAssembler {
    let assembler = this.#assemblers.get(this.#bits);
    if (!assembler) this.#assemblers.set(this.#bits, (assembler = new StatementAssembler(this.#bits)));
    return assembler;
  }

  add(source: SourceLine): void {
    const directive = /^(bits|org|section|segment|default|global|use(?:16|32|64))\b\s*(.*)$/i.exec(source.text);
    if (directive) this.#directive((directive[1] as string).toLowerCase(), directive[2] as string);
    else {
      const binary = /^((?:[\w.$?@]+:\s*)*)incbin\s+(.*)$/i.exec(source.text);
      if (binary) this.#includeBinary(source, binary[1] as string, binary[2] as string);
      else this.#push(source, source.text);
    }
  }
  #includeBinary(source: SourceLine, labels: string, name: string): void {
    const file = /^["']([^"']*)["']$/.exec(name)?.[1] ?? bad("incbin needs a name in quotes");
    this.#push(source, labels, this.#options.binary?.(file) ?? bad(`there is no file "${file}" to include`));
  }

  #push(source: SourceLine, text: string, included?: Uint8Array): void {
    const statement = parseLine(text, source.line);
    const named = statement.labels.findLast((label) => !label.startsWith("."));
    if (named !== undefined && statement.name !== "equ") this.#scope = named;
    const { name, data } = statement;
    // The macro `align` aligns the section, too.
    const to = name === "align" && typeof data[0] === "object" && data[0].names.length === 0 ? Number(data[0].value(() => 0n)) : 1;
    if (to > this.#section.align && to <= 4096 && (to & (to - 1)) === 0) this.#section.align = to;
    this.#items.push({
      statement,
      assembler: this.#assembler(),
      section: this.#section,
      where: source.where,
      line: source.line,
      scope: this.#scope,
      ...(included ? { included } : {}),
    });
  }

  #directive(name: string, rest: string): void {
    const number = (): number => Number(expression(rest).value((label) => bad(`"${label}" is not known here`)));
    switch (name) {
      case "bits":
      case "use16":
      case "use32":
      case "use64": {
        const bits = name === "bits" ? number() : Number(name.slice(3));
        this.#bits = bits === 16 || bits === 32 || bits === 64 ? bits : bad(`bits is 16, 32 or 64, not ${bits}`);
        return;
      }
      case "org":
        this.#origin = number();
        return;
      case "section":
      case "segment": {
        const [, own, align] = /^(\S+)(?:\s+align=(\d+))?$/i.exec(rest) ?? bad("section needs a name");
        this.#section = this.#sectionOf(own as string);
        if (align !== undefined) this.#section.align = Math.max(this.#section.align, Number(align));
        if ((this.#section.align & (this.#section.align - 1)) !== 0 || this.#section.align > 4096)
          bad("align is a power of two up to 4096");
        return;
      }
      default:
        // "default abs", "global": a file of bytes has no use for them.
        if (/^rel\b/i.test(rest)) bad('"default rel" is not known here; write [rel label]');
    }
  }

  place(): Assembled {
    return place(this.#items, { at: this.#origin, narrows: true });
  }
}

/**
 * Assembles a whole program in NASM's language, as `nasm -f bin` does: `%include`, `%define`, `%macro`,
 * `%if`, `section`, `align`, `times`, `equ`, local labels. The bytes begin at the address that `org` says;
 * with the macros of `guest/src/elf.inc` they are an ELF file.
 *
 * @throws {Problem} A line is wrong; the message names it, and the span the line of the main source.
 *
 * @example
 * const { bytes } = assembleProgram("bits 32\n%define ONE 1\nmov eax, ONE\nint 0x80");
 * bytes.length;   // 7
 */
export const assembleProgram = (text: string, options: ProgramSourceOptions = {}): Assembled => {
  const preprocessor = new Preprocessor(options.include ?? (() => undefined), options.defines ?? {}, 16);
  const lines = preprocessor.run(text);
  const program = new Program(options);
  for (const line of lines) atLine(line, () => program.add(line));
  return program.place();
};
