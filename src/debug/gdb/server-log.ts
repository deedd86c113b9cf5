// What the server logs of its own work, and the `monitor set` commands that turn it on: those of gdbserver.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Server.html, "Monitor Commands for gdbserver"

/** remote: packets. threads: stops and resumptions. event-loop: runs that begin and end. */
const CATEGORIES = ["threads", "event-loop", "remote"] as const;
/** A part of the server's work. */
export type LogCategory = (typeof CATEGORIES)[number];

const isOn = (word: string): boolean | undefined =>
  word === "1" || word === "on" ? true : word === "0" || word === "off" ? false : undefined;
const stateText = (on: boolean): string => (on ? "enabled" : "disabled");

/** The answer to `monitor set`: a text, or a mistake of the user. */
export type SetAnswer = string | { readonly mistake: string };

/** The log of one connection. */
export class ServerLog {
  private readonly _on = new Set<LogCategory>();
  private _hasTimes = false;
  private readonly _write: (line: string) => void;
  /** Milliseconds, for the times of lines. */
  private readonly _clock: () => number;
  constructor(write: (line: string) => void, clock: () => number = Date.now) {
    this._write = write;
    this._clock = clock;
  }
  note(category: LogCategory, text: () => string): void {
    if (!this._on.has(category)) return;
    const time = this._hasTimes ? `${(this._clock() / 1000).toFixed(6)} ` : "";
    this._write(`${time}[${category}] ${text()}\n`);
  }
  /** `monitor set WORDS`. */
  set(words: readonly string[]): SetAnswer {
    const [what, ...args] = words;
    if (what === "debug") return this._setDebug(args);
    if (what === "debug-format") return this._setFormat(args);
    return { mistake: "Unknown argument to 'set' command." };
  }
  private _setDebug(args: readonly string[]): SetAnswer {
    const [first = "", ...rest] = args;
    const all = isOn(first);
    if (all !== undefined) {
      if (rest[0] !== undefined) return { mistake: `Junk '${rest[0]}' found at end of 'set debug ${first}' command.` };
      this._turn(all ? ["threads"] : CATEGORIES, all);
      return all ? "General debug output enabled.\n" : "All debug output disabled.\n";
    }
    const [value, junk] = rest;
    if (first === "") return { mistake: "No arguments found for 'set debug' command." };
    if (value === undefined) return { mistake: `Missing value for 'set debug ${first}' command.` };
    const chosen = first === "all" ? CATEGORIES : CATEGORIES.filter((name) => name === first);
    if (chosen.length === 0) return { mistake: `Unknown debug option '${first}'.` };
    if (junk !== undefined) return { mistake: `Junk '${junk}' found at end of 'set debug ${first} ${value}' command.` };
    const on = isOn(value);
    if (on === undefined) return { mistake: `Invalid value '${value}' for 'set debug ${first}'.` };
    this._turn(chosen, on);
    return `Debug output for '${first}' ${stateText(on)}.\n`;
  }
  private _turn(chosen: readonly LogCategory[], on: boolean): void {
    for (const category of chosen) {
      if (on) this._on.add(category);
      else this._on.delete(category);
    }
  }
  private _setFormat([word = "", junk]: readonly string[]): SetAnswer {
    if (junk !== undefined || !["all", "none", "timestamp"].includes(word))
      return { mistake: `Unknown debug-format argument: "${junk ?? word}".` };
    this._hasTimes = word !== "none";
    return word === "timestamp"
      ? "Timestamps will be added to debug output.\n"
      : `All extra debug format options ${stateText(this._hasTimes)}.\n`;
  }
}
