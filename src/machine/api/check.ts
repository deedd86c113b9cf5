// Checks of library users' options before any work: the first mistake becomes a Problem that names it.
import type { z } from "zod";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { whyNoProfile } from "../../seccomp/profile/profiles.ts";
import { pathText, shown } from "../../wants.ts";
import type { Program } from "../options.ts";
import { machineShape, schemas } from "./schema.ts";

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((found, key) => (found === null || found === undefined ? undefined : (found as never)[key]), value);

const bad = (message: string, help: string | undefined): Problem => new Problem("bad-property-value", message, { help });

/** The issue of the union's branch that read most of the value. */
const deepest = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flatMap(([first]) => (first ? [deepest({ ...first, path: [...issue.path, ...first.path] })] : []));
  const rank = ({ code, path }: z.core.$ZodIssue): number => path.length * 2 + (code === "custom" ? 0 : 1);
  return inner.reduce((best, other) => (rank(other) > rank(best) ? other : best), inner[0] ?? issue);
};

/** The names that a strict object knows, at a path of a schema's value. */
const knownNames = (schema: z.ZodType, path: readonly PropertyKey[]): string[] => {
  const inner = (type: z.ZodType): z.ZodType[] => {
    const { def } = type as unknown as {
      def: { innerType?: z.ZodType; options?: z.ZodType[]; element?: z.ZodType; valueType?: z.ZodType };
    };
    const below = [def.innerType, ...(def.options ?? [])].filter((one) => one !== undefined);
    return below.length === 0 ? [type] : below.flatMap(inner);
  };
  const step = (types: z.ZodType[], key: PropertyKey): z.ZodType[] =>
    types.flatMap((type) => {
      const { shape, def } = type as unknown as {
        shape?: Record<PropertyKey, z.ZodType>;
        def: { element?: z.ZodType; valueType?: z.ZodType };
      };
      const next = shape?.[key] ?? def.element ?? def.valueType;
      return next ? inner(next) : [];
    });
  return path.reduce(step, inner(schema)).flatMap((type) => Object.keys((type as unknown as { shape?: object }).shape ?? {}));
};

const problemOf = (schema: z.ZodType, value: unknown, first: z.core.$ZodIssue): Problem => {
  const issue = deepest(first);
  const { path } = issue;
  const found = at(value, path);
  const option = pathText(path);
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] as string;
    const elsewhere =
      schema === schemas.program && key in machineShape ? `it is an option of the machine: new Machine({ ${key} })` : undefined;
    const names = knownNames(schema, path);
    return new Problem("unknown-property", `there is no option ${pathText([...path, key])} (its value is ${shown(at(found, [key]))})`, {
      help: elsewhere ?? didYouMean(key, names) ?? `there are ${names.join(", ")}`,
    });
  }
  if (issue.code === "invalid_value") {
    const names = issue.values.map(String);
    const why = option === "kernel" && typeof found === "string" ? whyNoProfile(found) : undefined;
    const near = typeof found === "string" ? didYouMean(found, names) : undefined;
    return bad(`${option} cannot be ${shown(found)}${why ? `: ${why}` : ""}`, near ?? `there are ${names.join(", ")}`);
  }
  if (issue.code === "invalid_key")
    return bad(`a key of ${pathText(path.slice(0, -1))} must be ${issue.issues[0]?.message}, not ${shown(path.at(-1))}`, undefined);
  if (path.length === 0) return bad(`options must be an object, not ${shown(found)}`, undefined);
  const tree = (option === "root" || /^mounts\[\d+\]\.tree$/.test(option)) && typeof found === "string";
  const help = tree ? `such as hostTree(${shown(found)}) of trapgate/node` : undefined;
  return bad(`${option} must be ${issue.message}, not ${shown(found)}`, help);
};

const checked =
  (schema: z.ZodType) =>
  (options: unknown): void => {
    const result = schema.safeParse(options);
    if (!result.success) throw problemOf(schema, options, result.error.issues[0] as z.core.$ZodIssue);
  };

/** Checks the options of `Machine`. Throws a Problem that names the option. */
export const checkMachineOptions = checked(schemas.machine);
/** The same for the options of `Machine.run`. */
export const checkProgramOptions = checked(schemas.program);
/** The same for both. */
export const checkRunOptions = checked(schemas.run);
/** The same for the options of `explore`. */
export const checkExploreOptions = checked(schemas.explore);
/** The same for the options of `replay`. */
export const checkReplayOptions = checked(schemas.replay);
/** The same for the options of `hostTree`. */
export const checkTreeOptions = checked(schemas.tree);
/** The same for the options of `hostNetwork`. */
export const checkNetworkOptions = checked(schemas.network);

/** The same for the options of `Machine.start`. */
export const checkStartOptions = checked(schemas.start);
/** The same for the options of `Snapshot.fork`. */
export const checkForkOptions = checked(schemas.fork);
/** The same for the options of `Snapshot.run`. */
export const checkForkRunOptions = checked(schemas.forkRun);
/** The same for the options of `Snapshot.read`. */
export const checkReadOptions = checked(schemas.read);
/** The same for the options of `Machine.finish`. */
export const checkLimits = checked(schemas.limits);
const checkCondition = checked(schemas.until);
/** A condition of `Machine.runUntil`. */
export const checkUntil = (until: unknown): void => checkCondition({ until });

/** A program is a path or the bytes of a file. */
export const checkProgram = (program: Program): void => {
  if (typeof program === "string" || Object.prototype.toString.call(program) === "[object Uint8Array]") return;
  throw bad(`the program must be a path in the guest or the bytes of an ELF file (Uint8Array), not ${shown(program)}`, undefined);
};
