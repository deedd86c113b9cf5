// Programs that gdb starts: vRun, and the packets that say its environment and working directory before.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/General-Query-Packets.html
import type { Timeline } from "../../machine/timeline/timeline.ts";
import { textOf, unhex } from "./packet.ts";
import { INVALID, OK } from "./replies.ts";

/** A program as gdb names it. */
export interface WantedProgram {
  /** Empty: the program of the command line, or the one that ran last. */
  readonly path: string;
  /** Absent: those of the command line, or of the last run. */
  readonly args: readonly string[] | undefined;
  /** Variables that gdb has set, and undefined for those that it has removed. */
  readonly env: ReadonlyMap<string, string | undefined>;
  readonly cwd: string | undefined;
}
/** Starts a program in a machine of its own. Throws a Problem. */
export type StartProgram = (wanted: WantedProgram) => Promise<Timeline>;

/** Features of a server that starts programs. */
export const startFeatures =
  "QEnvironmentHexEncoded+;QEnvironmentUnset+;QEnvironmentReset+;QSetWorkingDir+;QStartupWithShell+;QDisableRandomization+";

/** What one connection has said about the next program. */
export class NextProgram {
  private readonly _env = new Map<string, string | undefined>();
  private _cwd: string | undefined = undefined;

  /** The reply to a packet of this kind; undefined: it is none. */
  reply(name: string, rest: string): string | undefined {
    const text = (): string | undefined => {
      const bytes = unhex(rest.slice(1));
      return bytes && textOf(bytes);
    };
    switch (name) {
      case "QEnvironmentHexEncoded": {
        const [, key, value] = /^([^=]+)=(.*)$/s.exec(text() ?? "") ?? [];
        if (key === undefined) return INVALID;
        this._env.set(key, value);
        return OK;
      }
      case "QEnvironmentUnset": {
        const key = text();
        if (!key) return INVALID;
        this._env.set(key, undefined);
        return OK;
      }
      case "QEnvironmentReset":
        this._env.clear();
        return OK;
      case "QSetWorkingDir": {
        const folder = text();
        if (folder === undefined) return INVALID;
        this._cwd = folder === "" ? undefined : folder;
        return OK;
      }
      // Programs are started without a shell, and a run is the same each time.
      case "QStartupWithShell":
      case "QDisableRandomization":
        return /^:[01]$/.test(rest) ? OK : INVALID;
      default:
        return undefined;
    }
  }
  /** The program of a vRun packet, without its name; undefined: it has not the form. */
  read(rest: string): WantedProgram | undefined {
    const words = (rest.startsWith(";") ? rest.slice(1) : rest).split(";").map(unhex);
    if (words.includes(undefined)) return undefined;
    const [path = "", ...args] = (words as Uint8Array[]).map(textOf);
    return { path, args, env: this._env, cwd: this._cwd };
  }
  /** The last program again, for R. */
  get last(): WantedProgram {
    return { path: "", args: undefined, env: this._env, cwd: this._cwd };
  }
}
