// Any policy or filter from a file: which format it is, and what it means.
import { Problem } from "../../problem.ts";
import {
  assemble,
  type Diagram,
  diagramOf,
  Nodes,
  type Program,
  programOf,
  RefusedFilter,
  type SeccompProfile,
  upstream,
} from "../../seccomp/index.ts";
import { parseJson } from "../input/json.ts";
import { Source } from "../input/source.ts";
import { parseYaml } from "../input/yaml.ts";
import { compileProfile, type Mode, modes } from "../mode.ts";
import type { Profile, Warning } from "../profile.ts";
import { looksC, readC } from "./c-array.ts";
import { dockerCapabilities, type Host, isContainerProfile, isSpoProfile, podmanCapabilities, readContainerProfile } from "./container.ts";
import { readFirecracker } from "./firecracker.ts";
import { looksHex, readHex, readRaw } from "./raw.ts";
import { compileSystemd } from "./systemd/compile.ts";
import { looksSystemd, readSystemd } from "./systemd/systemd.ts";
import { looksKafel, readKafel } from "./text/kafel.ts";
import { looksMinijail, readMinijail } from "./text/minijail.ts";
import { looksPfc, readPfc } from "./text/pfc.ts";

export const formats = ["oci", "spo", "firecracker", "systemd", "minijail", "kafel", "pfc", "raw", "hex", "c", "asm"] as const;
/**
 * spo: a SeccompProfile of Kubernetes' Security Profiles Operator, YAML or JSON. oci: also Docker's and
 * containers-common's supersets, and a bundle's config.json. systemd: a unit file, a drop-in, or lines of one.
 * asm: also listings, ours and seccomp-tools's.
 */
export type Format = (typeof formats)[number];

export interface ReadOptions {
  /** Otherwise it is detected. */
  readonly format?: Format;
  /** To what a profile is compiled: `runc` by default. */
  readonly as?: Mode;
  /** Docker's and Podman's conditions ask about it. By default their own capabilities, and Linux 6.12. */
  readonly capabilities?: readonly string[];
  readonly kernel?: string;
  /** Of Firecracker's filters, if there are several. */
  readonly thread?: string;
}

export interface Policy {
  readonly source: Source;
  readonly format: Format;
  /** Of filters that are programs already. */
  readonly program?: Program;
  /** Of profiles. */
  readonly profile?: Profile;
  readonly mode?: Mode;
  /** What the filter means. */
  readonly diagram: Diagram;
  readonly warnings: readonly Warning[];
}

const isText = (bytes: Uint8Array): boolean => !bytes.subarray(0, 4096).some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));

/** The format of a file, by its content. */
export const detectFormat = (bytes: Uint8Array): Format => {
  if (!isText(bytes)) return "raw";
  const text = new TextDecoder().decode(bytes);
  if (/^\ufeff?\s*\{\s*["}]/.test(text)) {
    if (/"kind"\s*:\s*"SeccompProfile"/.test(text)) return "spo";
    return /"filter_action"\s*:/.test(text) ? "firecracker" : "oci";
  }
  if (/^kind:\s*["']?SeccompProfile\b/m.test(text)) return "spo";
  if (looksSystemd(text)) return "systemd";
  if (looksPfc(text)) return "pfc";
  if (looksKafel(text)) return "kafel";
  if (looksMinijail(text)) return "minijail";
  if (looksHex(text)) return "hex";
  return looksC(text) ? "c" : "asm";
};

/** What is compiled, and is no program yet. */
const profileFormats = ["oci", "spo", "firecracker", "systemd", "minijail", "kafel", "pfc"] as const;
type ProfileFormat = (typeof profileFormats)[number];
const isProfile = (format: Format): format is ProfileFormat => (profileFormats as readonly Format[]).includes(format);

type AssemblerRules = Pick<SeccompProfile, "layout" | "returns">;
const programIn = (
  source: Source,
  bytes: Uint8Array,
  format: Exclude<Format, ProfileFormat>,
  rules: AssemblerRules = upstream,
): Program => {
  const readers = {
    raw: () => readRaw(bytes, source.name),
    hex: () => readHex(source),
    c: () => readC(source),
    asm: () => readAsm(source, rules),
  };
  return readers[format]();
};

const readAsm = (source: Source, { layout, returns }: AssemblerRules): Program => {
  const { program, problems } = assemble(source.text, { layout, returns });
  const [first] = problems;
  if (!first) return program;
  const lines = source.text.split("\n");
  const from = lines.slice(0, first.line - 1).reduce((sum, line) => sum + line.length + 1, first.column - 1);
  const rest = (lines[first.line - 1] as string).slice(first.column - 1);
  throw source.problem({ from, to: from + (/^[^;#]*/.exec(rest)?.[0].trimEnd().length ?? 1) }, first.message);
};

const meaningOfProgram = (source: Source, program: Program, nodes: Nodes): Diagram => {
  try {
    return diagramOf(program, upstream, nodes);
  } catch (error) {
    if (!(error instanceof RefusedFilter)) throw error;
    throw new Problem("bad-policy", `${source.name}: the kernel refuses this filter: ${error.message}`, { cause: error });
  }
};

/** The program of a filter, whether or not a kernel takes it; of a profile the one that it is compiled to. */
export const readProgram = async (name: string, bytes: Uint8Array, options: ReadOptions, rules: AssemblerRules): Promise<Program> => {
  const format = options.format ?? detectFormat(bytes);
  if (isProfile(format)) return programOf((await readPolicy(name, bytes, options)).diagram);
  return programIn(new Source(name, format === "raw" ? "" : new TextDecoder().decode(bytes)), bytes, format, rules);
};

/**
 * Reads a policy. Throws a Problem for a mistake in it, with file, line and column. `nodes`: a store that several policies share.
 *
 * @example
 * const policy = await readPolicy("default.json", readFileSync("default.json"), { as: "docker" });
 * console.log(explanationText(explainRoot(policy.diagram.nodes, policy.diagram.effects().root)));
 */
export const readPolicy = async (name: string, bytes: Uint8Array, options: ReadOptions = {}, nodes = new Nodes()): Promise<Policy> => {
  const format = options.format ?? detectFormat(bytes);
  const source = new Source(name, format === "raw" ? "" : new TextDecoder().decode(bytes));
  if (format === "firecracker") {
    const profile = await readFirecracker(source, options.thread);
    return { source, format, profile, ...compileProfile(profile, "kernel", nodes) };
  }
  if (format === "systemd") {
    const settings = readSystemd(source);
    return { source, format, mode: "systemd", diagram: compileSystemd(settings, nodes), warnings: settings.warnings };
  }
  if (format === "minijail") return { source, format, ...readMinijail(source, nodes) };
  if (format === "kafel") return { source, format, diagram: readKafel(source, nodes), warnings: [] };
  if (format === "pfc") return { source, format, diagram: readPfc(source, nodes), warnings: [] };
  if (isProfile(format)) return readProfile(source, format, options, nodes);
  const program = programIn(source, bytes, format);
  return { source, format, program, diagram: meaningOfProgram(source, program, nodes), warnings: [] };
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
  const profile = await readContainerProfile(source, host, document);
  const { diagram, warnings } = compileProfile(profile, mode, nodes);
  return { source, format, profile, mode, diagram, warnings };
};
