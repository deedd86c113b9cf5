// The lines of a unit file, a drop-in, or bare `Key=value` lines, with places. man systemd.syntax(7),
// systemd.unit(5).
import type { Place, Source } from "../../input/source.ts";

/** A word of a setting, with its place. */
export interface UnitWord extends Place {
  readonly text: string;
}
/** A line `Key=value`. */
export interface Assignment {
  readonly key: string;
  readonly keyPlace: Place;
  /** Split at blanks. Empty: the key is set back. */
  readonly words: readonly UnitWord[];
}

/** Sections of units that run processes. */
const sections: ReadonlySet<string> = new Set(["Service", "Socket", "Mount", "Swap"]);

const wordsIn = (text: string, { from, to }: Place): readonly UnitWord[] =>
  Array.from(text.slice(from, to).matchAll(/\S+/g), ({ 0: word, index }) => ({
    text: word,
    from: from + index,
    to: from + index + word.length,
  }));

/** Assignments in the sections above, or in no section. A backslash at the end of a line continues it. */
export const readUnit = ({ text, budget }: Source): readonly Assignment[] => {
  const assignments: { key: string; keyPlace: Place; words: UnitWord[] }[] = [];
  let section: string | undefined;
  let open = false;
  for (const { 0: line, index } of text.matchAll(/[^\n]*(?:\n|$)/g)) {
    budget.spend(2 * line.length);
    const trimmed = line.trim();
    // Comments may stand in the middle of a continued line.
    if (/^[#;]/.test(trimmed)) continue;
    const bare = line.trimEnd();
    const continues = bare.endsWith("\\");
    const end = index + (continues ? bare.slice(0, -1) : bare).length;
    const header = /^\[([^\]]*)\]$/.exec(trimmed)?.[1];
    const assigned = /^\s*(\w+)\s*=/.exec(line);
    const [all, key] = assigned ?? [];
    if (open) for (const word of wordsIn(text, { from: index, to: end })) assignments.at(-1)?.words.push(word);
    else if (header !== undefined) section = header;
    else if (all !== undefined && key !== undefined && (section === undefined || sections.has(section))) {
      const from = index + all.indexOf(key);
      assignments.push({
        key,
        keyPlace: { from, to: from + key.length },
        words: [...wordsIn(text, { from: index + all.length, to: end })],
      });
    }
    open = continues && (open || assigned !== null);
  }
  return assignments;
};
