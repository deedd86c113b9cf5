// Command lines: our options come before PROG, everything after it is the guest's.
// The default import: Node.js loads parseArgs at its first use, and a start without options needs none.
import util, { type ParseArgsConfig } from "node:util";
import { bytesOf } from "../machine/size.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = ReturnType<typeof util.parseArgs<{ options: T }>>["values"];

/** Parsed arguments of a command. */
export interface Parsed<T extends Options> {
  readonly values: Values<T>;
  /** PROG and its arguments. */
  readonly rest: readonly string[];
}

/** A value of the wrong form. */
const bad = (message: string, help?: string): Problem => new Problem("bad-value", message, { help });

/** The words without a look at what is wrong with them. */
const loosely = (args: readonly string[], options: Options) =>
  util.parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
/** Where PROG stands: the first argument that is neither an option nor an option's value. */
const programAt = (args: readonly string[], options: Options): number =>
  loosely(args, options).tokens.find((t) => t.kind === "positional" || t.kind === "option-terminator")?.index ?? args.length;
/** The options before PROG as far as they can be told, where others of them are wrong. */
export const parseLoosely = (args: readonly string[], options: Options): ReturnType<typeof loosely>["values"] =>
  loosely(args.slice(0, programAt(args, options)), options).values;

/** Parses the options before PROG, as util.parseArgs does. Throws a Problem that names the nearest option. */
export const parse = <const T extends Options>(args: readonly string[], options: T): Parsed<T> => {
  const none = args[0] === undefined || args[0] === "--" || !args[0].startsWith("-");
  const at = none ? 0 : programAt(args, options);
  const rest = args.slice(args[at] === "--" ? at + 1 : at);
  if (none) return { values: {} as Values<T>, rest };
  try {
    return { values: util.parseArgs({ args: args.slice(0, at), options, strict: true }).values as Values<T>, rest };
  } catch (error) {
    throw wrongOption(error, options);
  }
};

/** The long names of options with their dashes. */
const namesOf = (options: Options): readonly string[] => Object.keys(options).map((name) => `--${name}`);

/** An error of parseArgs as a Problem. Its errors have a code, but only their texts name the option. */
const wrongOption = (error: unknown, options: Options): Problem => {
  const { code, message } = error as NodeJS.ErrnoException;
  // '-f, --follow' or '--root <value>'
  const option = /'(?:-\w, )?(-[^ '=]+)/.exec(message)?.[1] ?? "an option";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION")
    return new Problem("unknown-option", `unknown option '${option}'`, { help: didYouMean(option, namesOf(options)) });
  if (/does not take an argument/.test(message)) return bad(`${option} takes no value`);
  if (/ambiguous/.test(message))
    return new Problem("missing-value", `${option} needs a value, and the next word starts with a dash`, {
      help: `a value with a dash is written ${option}=VALUE`,
    });
  return new Problem("missing-value", `${option} needs a value`);
};

/** The same where no guest has arguments of its own: options may stand anywhere. */
export const parseAll = <const T extends Options>(args: readonly string[], options: T): Parsed<T> => {
  try {
    const { values, positionals } = util.parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    return { values: values as Values<T>, rest: positionals };
  } catch (error) {
    throw wrongOption(error, options);
  }
};

/** "64M", "1G", "1048576": bytes. */
export const size = (text: string, option: string): number => {
  const bytes = bytesOf(text);
  if (bytes === undefined) throw bad(`${option} wants a size such as 256M, not "${text}"`);
  return bytes;
};

/** A whole number of at most 15 digits. Throws a Problem that names the option. */
export const integer = (text: string, option: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw bad(`${option} wants a whole number, not "${text}"`);
  return Number(text);
};

/** At least one. */
export const count = (text: string, option: string): number => {
  const value = integer(text, option);
  if (value === 0) throw bad(`${option} wants at least 1`);
  return value;
};

/** A user's number. The greatest number of 32 bits stands for no user. man 2 setresuid */
export const user = (text: string, option: string): number => {
  const value = integer(text, option);
  if (value >= 0xffff_ffff) throw bad(`${option} wants a number below 4294967295, not "${text}"`);
  return value;
};

/** An address in decimal or, after 0x, in hexadecimal. Throws a Problem that names the option. */
export const address = (text: string, option: string): number => {
  if (!/^(0x0*[0-9a-f]{1,13}|\d{1,15})$/i.test(text)) throw bad(`${option} wants an address such as 0x401000, not "${text}"`);
  return Number(text);
};

/** A time in seconds, greater than 0. Throws a Problem that names the option. */
export const seconds = (text: string, option: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw bad(`${option} wants seconds, not "${text}"`);
  return value;
};

/** One of the given values. Throws a Problem that names the nearest one. */
export const oneOf = <T extends string>(text: string, choices: readonly T[], option: string): T => {
  const found = choices.find((c) => c === text);
  if (found === undefined)
    throw new Problem("unknown-name", `${option} has no value "${text}"`, {
      help: didYouMean(text, choices) ?? `there are ${choices.join(", ")}`,
    });
  return found;
};

/** The value of --mount. */
export interface MountOption {
  readonly host: string;
  readonly guest: string;
  readonly mode: "ro" | "cow" | "rw";
}
/** HOST:GUEST[:ro|cow|rw]. */
export const mount = (text: string): MountOption => {
  const match = /^(.+?):(\/[^:]*)(?::(ro|cow|rw))?$/.exec(text);
  if (!match) throw bad(`--mount wants HOST:GUEST[:ro|cow|rw] with an absolute GUEST, not "${text}"`);
  return { host: match[1] as string, guest: match[2] as string, mode: (match[3] ?? "ro") as MountOption["mode"] };
};

/** K=V. */
export const environment = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf("=");
      if (at < 0 && entry !== "")
        throw new Problem("bad-value", `--env wants NAME=VALUE, not "${entry}"`, { help: `--env-pass ${entry} passes the host's on` });
      if (at < 1) throw bad(`--env wants NAME=VALUE, not "${entry}"`);
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
