// Any policy or filter from a file: its format and its meaning.

import { capabilityNames } from "../../abi/capability.ts";
import { DEFAULT_LIMITS, WorkBudget } from "../../budget.ts";
import { Problem } from "../../problem.ts";
import { someNodes } from "../../seccomp/diagram/wants.ts";
import {
  type AsmPlace,
  assemble,
  type Diagram,
  diagramOf,
  encodeProgram,
  Nodes,
  NotWritable,
  type Program,
  programOf,
  RefusedFilter,
  type SeccompProfile,
  upstream,
} from "../../seccomp/index.ts";
import { aFunction, aText, check, instanceOf, listOf, oneOf, optional, optionsOf, someBytes, takes, type Want } from "../../wants.ts";
import { parseJson } from "../input/json.ts";
import { type Place, Source } from "../input/source.ts";
import { parseYaml } from "../input/yaml.ts";
import { compileProfile, type Mode, modes } from "../mode.ts";
import type { Places, Profile, Warning } from "../profile.ts";
import { aKernelVersion } from "../wants.ts";
import { looksC, readC } from "./c-array.ts";
import { dockerCapabilities, type Host, isContainerProfile, isSpoProfile, podmanCapabilities, profileIn } from "./container.ts";
import { readFirecracker } from "./firecracker.ts";
import { localProfile, looksPod } from "./pod.ts";
import { looksHex, readHex, readRaw } from "./raw.ts";
import { compileSystemd } from "./systemd/compile.ts";
import { looksSystemd, readSystemd, systemdPlaces } from "./systemd/systemd.ts";
import { looksKafel, readKafel } from "./text/kafel.ts";
import { looksMinijail, readMinijail } from "./text/minijail.ts";
import { looksPfc, pfcPlaces, readPfc } from "./text/pfc.ts";
import { looksTypeScript, readTypeScript } from "./text/typescript.ts";

/** Formats that `readPolicy` knows. */
export const formats = ["oci", "spo", "pod", "firecracker", "systemd", "minijail", "kafel", "pfc", "ts", "raw", "hex", "c", "asm"] as const;
/**
 * spo: a SeccompProfile of Kubernetes' Security Profiles Operator, YAML or JSON. oci: also Docker's and
 * containers-common's supersets, and a bundle's config.json. pod: a Kubernetes object with a pod whose
 * container names a profile of the node (seccompProfile of type Localhost). systemd: a unit file, a
 * drop-in, or lines of one. ts: a module with one `policy(…)`, read as data. asm: also listings, ours and
 * seccomp-tools's.
 */
export type Format = (typeof formats)[number];

/** Options of `readPolicy`. All have defaults. */
export interface ReadOptions {
  /** Otherwise it is detected. */
  readonly format?: Format;
  /** The compiler whose additions a profile gets: `runc` by default. */
  readonly as?: Mode;
  /** Docker's and Podman's conditions ask about it. By default their own capabilities, and Linux 6.12. */
  readonly capabilities?: readonly string[];
  readonly kernel?: string;
  /** The thread, if a file of Firecracker has several filters. */
  readonly thread?: string;
  /** The container, if a pod's containers name several profiles. */
  readonly container?: string;
  /**
   * Limits of the work. By default ten seconds and 512 MB, of which an honest policy needs a hundredth.
   * `nodes` has a budget of its own.
   */
  readonly budget?: WorkBudget;
  /** The bytes of a profile that a pod names, by its path below the node's folder of profiles. */
  readonly profileFile?: (path: string) => Uint8Array | Promise<Uint8Array>;
}

/** A policy or filter that was read: its meaning, and facts about its text. */
export interface Policy {
  readonly source: Source;
  readonly format: Format;
  /** The program, if the file contains one. */
  readonly program?: Program;
  /** The profile, if the file contains one. */
  readonly profile?: Profile;
  readonly mode?: Mode;
  /** The meaning of the filter. */
  readonly diagram: Diagram;
  readonly warnings: readonly Warning[];
  readonly places: Places;
  /** The filter as an array of struct sock_filter: the file's own, or one of this meaning. */
  readonly bpf: () => Uint8Array;
}

const isText = (bytes: Uint8Array): boolean => !bytes.subarray(0, 4096).some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));

/**
 * The format of a file, by its content.
 *
 * @example
 * detectFormat(readFileSync("sandbox.service"));   // "systemd"
 */
export const detectFormat = takes("detectFormat", { bytes: someBytes }, (bytes: Uint8Array): Format => {
  if (!isText(bytes)) return "raw";
  const text = new TextDecoder().decode(bytes);
  if (/^\ufeff?\s*\{\s*["}]/.test(text)) {
    if (/"kind"\s*:\s*"SeccompProfile"/.test(text)) return "spo";
    return /"filter_action"\s*:/.test(text) ? "firecracker" : "oci";
  }
  if (/^kind:\s*["']?SeccompProfile\b/m.test(text)) return "spo";
  if (looksPod(text)) return "pod";
  if (looksSystemd(text)) return "systemd";
  if (looksTypeScript(text)) return "ts";
  if (looksPfc(text)) return "pfc";
  if (looksKafel(text)) return "kafel";
  if (looksMinijail(text)) return "minijail";
  if (looksHex(text)) return "hex";
  if (looksC(text)) return "c";
  // No statement begins like this. The reader of JSON says where it ends being JSON.
  return /^\ufeff?\s*[[{]/.test(text) ? "oci" : "asm";
});

/** Formats that must be compiled to a program. */
const profileFormats = ["pod", "oci", "spo", "firecracker", "systemd", "minijail", "kafel", "pfc", "ts"] as const;
type ProfileFormat = (typeof profileFormats)[number];
const isProfile = (format: Format): format is ProfileFormat => (profileFormats as readonly Format[]).includes(format);

type AssemblerRules = Pick<SeccompProfile, "layout" | "returns">;
interface Read {
  readonly program: Program;
  readonly places?: Places;
}
const programIn = (source: Source, bytes: Uint8Array, format: Exclude<Format, ProfileFormat>, rules: AssemblerRules = upstream): Read => {
  const readers = {
    raw: () => ({ program: readRaw(bytes, source.name) }),
    hex: () => ({ program: readHex(source) }),
    c: () => ({ program: readC(source) }),
    asm: () => readAsm(source, rules),
  };
  return readers[format]();
};

/** The rest of the statement that begins at a line and a column. */
const statementAt = (source: Source, { line, column }: AsmPlace): Place => {
  const from = source.offsetOf(line, column);
  const end = source.text.indexOf("\n", from);
  const rest = source.text.slice(from, end < 0 ? undefined : end);
  return { from, to: from + Math.max(1, /^[^;#]*/.exec(rest)?.[0].trimEnd().length ?? 1) };
};
const readAsm = (source: Source, { layout, returns }: AssemblerRules): Read => {
  const { program, places, problems } = assemble(source.text, { layout, returns });
  const [first] = problems;
  if (first) {
    const place = statementAt(source, first);
    const { message, help, length } = first;
    throw source.problem(length === undefined ? place : { from: place.from, to: place.from + length }, message, help, "policy-syntax");
  }
  return {
    program,
    places: {
      ofInstruction: (pc) => {
        const place = places[pc];
        return place && statementAt(source, place);
      },
    },
  };
};

const meaningOfProgram = (source: Source, program: Program, nodes: Nodes): Diagram => {
  try {
    return diagramOf(program, upstream, nodes);
  } catch (error) {
    if (!(error instanceof RefusedFilter)) throw error;
    throw new Problem("refused-filter", `${source.name}: the kernel refuses this filter: ${error.message}`, { cause: error });
  }
};

/**
 * The program of a filter, whether or not a kernel takes it; of a profile the one that it is compiled to.
 */
export const readProgram = async (name: string, bytes: Uint8Array, options: ReadOptions, rules: AssemblerRules): Promise<Program> => {
  const format = options.format ?? detectFormat(bytes);
  if (isProfile(format)) return programOf((await readPolicy(name, bytes, options)).diagram);
  return programIn(new Source(name, format === "raw" ? "" : new TextDecoder().decode(bytes)), bytes, format, rules).program;
};

type Parts = Omit<Policy, "bpf" | "places" | "warnings"> & Partial<Pick<Policy, "places" | "warnings">>;
const made = (parts: Parts): Policy => ({
  places: {},
  warnings: [],
  ...parts,
  bpf: () => encodeProgram(parts.program ?? programOfMeaning(parts.diagram, parts.source)),
});
/** A program of a policy's meaning. Throws a Problem if there is none. */
export const programOfMeaning = (diagram: Diagram, { name }: Source): Program => {
  try {
    return programOf(diagram);
  } catch (error) {
    if (!(error instanceof NotWritable)) throw error;
    throw new Problem("not-writable", `${name}: ${error.message}`, { cause: error });
  }
};

const someOptions = optionsOf<ReadOptions>({
  format: optional(oneOf(formats)),
  as: optional(oneOf(modes)),
  capabilities: optional(listOf(oneOf(capabilityNames))),
  kernel: optional(aKernelVersion),
  thread: optional(aText),
  container: optional(aText),
  budget: optional(instanceOf("a WorkBudget", () => WorkBudget)),
  profileFile: optional(aFunction),
});
const bytesOfFile: Want = (value, args) => {
  const fault = someBytes(value, args);
  return fault && typeof value === "string" ? { ...fault, help: "of a text they are new TextEncoder().encode(text)" } : fault;
};

/**
 * Reads a policy. `name` is for messages. `nodes`: a store that several policies share.
 *
 * @throws {Problem} There is a mistake in it: `span` has line, column and text.
 *
 * @example
 * const policy = await readPolicy("default.json", readFileSync("default.json"), { as: "docker" });
 * console.log(explanationText(explainRoot(policy.diagram.nodes, policy.diagram.effects().root)));
 */
export const readPolicy = async (name: string, bytes: Uint8Array, options: ReadOptions = {}, nodes = new Nodes()): Promise<Policy> => {
  check("readPolicy", { name: aText, bytes: bytesOfFile, options: someOptions, nodes: someNodes }, [name, bytes, options, nodes]);
  const { budget = new WorkBudget({ ...DEFAULT_LIMITS, subject: "the policy" }) } = options;
  budget.spend(bytes.length * 2);
  const format = options.format ?? detectFormat(bytes);
  const source = new Source(name, format === "raw" ? "" : new TextDecoder().decode(bytes), budget);
  budget.check();
  if (bytes.length === 0 || (format !== "raw" && source.text.trim() === ""))
    throw new Problem("policy-syntax", `${name}: the file is empty`, { help: "a policy says at least what happens by default" });
  const compiled = <T>(compile: () => T): T => nodes.under(budget, compile);
  switch (format) {
    case "pod": {
      const { path, content } = await localProfile(source, options);
      return readPolicy(path, content, { ...options, budget, format: "oci" }, nodes);
    }
    case "firecracker": {
      const profile = await readFirecracker(source, options.thread);
      return made({ source, format, profile, ...compiled(() => compileProfile(profile, "kernel", nodes)) });
    }
    case "systemd": {
      const settings = readSystemd(source);
      const { warnings } = settings;
      return made({
        source,
        format,
        mode: "systemd",
        diagram: compiled(() => compileSystemd(settings, nodes)),
        warnings,
        places: systemdPlaces(settings),
      });
    }
    case "minijail":
      return made({ source, format, ...compiled(() => readMinijail(source, nodes)) });
    case "kafel":
      return made({ source, format, ...compiled(() => readKafel(source, nodes)) });
    case "pfc":
      return made({ source, format, diagram: compiled(() => readPfc(source, nodes)), places: pfcPlaces(source) });
    case "ts": {
      const { typed, places } = readTypeScript(source);
      return made({ source, format, diagram: compiled(() => typed.diagram.in(nodes)), places });
    }
    case "oci":
    case "spo":
      return readProfile(source, format, options, nodes);
    default: {
      const { program, places = {} } = programIn(source, bytes, format);
      return made({ source, format, program, places, diagram: compiled(() => meaningOfProgram(source, program, nodes)) });
    }
  }
};

const readProfile = async (source: Source, format: "oci" | "spo", options: ReadOptions, nodes: Nodes): Promise<Policy> => {
  const mode = options.as ?? "runc";
  if (mode === "systemd") {
    throw source.problem(
      { from: 0, to: 1 },
      "systemd reads no container profile",
      `${modes.filter((name) => name !== mode).join(", ")} do`,
    );
  }
  const own = mode === "podman" ? podmanCapabilities : dockerCapabilities;
  const host: Host = { capabilities: options.capabilities ?? own, kernel: options.kernel ?? "6.12" };
  const document = format === "spo" ? await parseYaml(source, isSpoProfile) : parseJson(source);
  if (format === "spo" ? !isSpoProfile(document.value) : !isContainerProfile(document.value)) {
    throw source.problem(
      document.placeOf([]),
      format === "spo" ? "there is no SeccompProfile here" : "this JSON is no seccomp profile",
      "one has defaultAction and syscalls",
    );
  }
  const profile = await profileIn(source, host, document);
  return made({ source, format, profile, mode, ...nodes.under(source.budget, () => compileProfile(profile, mode, nodes)) });
};
