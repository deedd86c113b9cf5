// Container profiles as JSON: the OCI's, Docker's and containers-common's supersets, and a bundle's
// config.json that holds one.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { capabilityNames } from "../../abi/capability.ts";
import { E, type ErrnoName } from "../../abi/errno.ts";
import { didYouMean } from "../../nearest.ts";
import { upstream } from "../../seccomp/index.ts";
import { aFunction, anything, check, listOf, oneOf, optional, optionsOf, shapeOf } from "../../wants.ts";
import { actionValue, takesErrno } from "../actions.ts";
import { checked } from "../input/checked.ts";
import { type Json, type JsonDocument, type JsonPath, parseJson } from "../input/json.ts";
import type { Source } from "../input/source.ts";
import type { Comparison, Operator, Profile, Rule, Warning } from "../profile.ts";
import { aKernelVersion, aSource } from "../wants.ts";
import type { ContainerFilter, ContainerProfile, ContainerRule } from "./container-schema.ts";

/** The host that Docker's and Podman's conditions ask about. */
export interface Host {
  /** Capabilities of the container's bounding set, as CAP_CHOWN. */
  readonly capabilities: readonly string[];
  /** "6.12" */
  readonly kernel: string;
}
/** The capabilities that Docker leaves a container. moby oci/caps/defaults.go */
export const dockerCapabilities: readonly string[] = [
  ..."CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(" "),
].map((name) => `CAP_${name}`);
/** The capabilities that Podman leaves a container. containers-common pkg/config/default.go */
export const podmanCapabilities: readonly string[] = [
  ..."CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(" "),
].map((name) => `CAP_${name}`);

const abiNames: Readonly<Record<string, Abi>> = { SCMP_ARCH_X86: i386, SCMP_ARCH_X86_64: x64, SCMP_ARCH_X32: x32, SCMP_ARCH_NATIVE: x64 };
/** The name of this architecture in rules' conditions: GOARCH. */
const HOST_ARCH = "amd64";

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A SeccompProfile of the Security Profiles Operator: security-profiles-operator.x-k8s.io/v1 and v1beta1. */
export const isSpoProfile = (value: Json): boolean => isObject(value) && value["kind"] === "SeccompProfile";

/**
 * Where the profile is in a document: a bundle's config.json has it at linux.seccomp, a SeccompProfile at
 * spec.
 */
const profilePath = ({ value }: JsonDocument): JsonPath => {
  if (isSpoProfile(value)) return ["spec"];
  return isObject(value) && !("defaultAction" in value) && isObject(value["linux"]) ? ["linux", "seccomp"] : [];
};

/** True if a document looks like a container profile. */
export const isContainerProfile = (value: Json): boolean =>
  isObject(value) && ("defaultAction" in value || "syscalls" in value || (isObject(value["linux"]) && "seccomp" in value["linux"]));

/** Additional members of a SeccompProfile. */
const spoMembers = ["baseProfileName", "disabled"];

class Resolver {
  readonly #source: Source;
  readonly #document: JsonDocument;
  readonly #below: JsonPath;
  readonly #host: Host;
  readonly warnings: Warning[] = [];

  constructor(source: Source, document: JsonDocument, below: JsonPath, host: Host) {
    this.#source = source;
    this.#document = document;
    this.#below = below;
    this.#host = host;
  }
  #place(...path: JsonPath) {
    return this.#document.placeOf([...this.#below, ...path]);
  }
  #complain(path: JsonPath, message: string, help?: string): never {
    throw this.#source.problem(this.#place(...path), message, help, "policy-value");
  }
  #warn(path: JsonPath, message: string): void {
    this.warnings.push({ message, place: this.#document.keyPlaceOf([...this.#below, ...path]) });
  }

  /** Members that no runtime reads. */
  unknownMembers(value: Json | undefined, known: readonly string[], path: JsonPath = []): void {
    if (!isObject(value)) return;
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const help = didYouMean(key, known);
      this.#warn([...path, key], `nothing reads ${JSON.stringify(key)} here${help ? `: ${help}` : ""}`);
    }
  }

  leaveOut(path: JsonPath, message: string): void {
    this.#warn(path, message);
  }

  abis({ architectures, archMap }: ContainerProfile): readonly Abi[] {
    if (architectures?.length && archMap?.length)
      this.#complain(["archMap"], "there are both architectures and archMap", "use one of them");
    const row = archMap?.find(({ architecture }) => architecture === "SCMP_ARCH_X86_64");
    const names = row ? [row.architecture, ...(row.subArchitectures ?? [])] : (architectures ?? []);
    const foreign = names.filter((name) => !abiNames[name]);
    if (foreign.length > 0) {
      this.#warn(
        [row ? "archMap" : "architectures"],
        `calls of ${foreign.join(", ")} are left out: only those of x86 and x86-64 are known`,
      );
    }
    return [...new Set(names.flatMap((name) => abiNames[name] ?? []))];
  }

  action(name: string, errnoRet: number | null | undefined, errno: string | null | undefined, path: JsonPath): number {
    if (errnoRet != null && !takesErrno(name)) this.#warn([...path, "errnoRet"], `${name} takes no error number`);
    return actionValue(name, errno ? this.#errno(errno, [...path, "errno"]) : (errnoRet ?? undefined)) as number;
  }
  #errno(text: string, path: JsonPath): number {
    const number = /^\d+$/.test(text) ? Number(text) : E[text as ErrnoName];
    return number ?? this.#complain(path, `there is no error ${JSON.stringify(text)}`, didYouMean(text, Object.keys(E)));
  }

  #has({ caps, arches, minKernel }: ContainerFilter): readonly boolean[] {
    const atLeast = (wanted: string): boolean => {
      const [a = 0, b = 0] = wanted.split(".").map(Number.parseFloat);
      const [c = 0, d = 0] = this.#host.kernel.split(".").map(Number.parseFloat);
      return c > a || (c === a && d >= b);
    };
    return [
      ...(caps ?? []).map((cap) => this.#host.capabilities.includes(cap)),
      ...(arches?.length ? [arches.includes(HOST_ARCH)] : []),
      ...(minKernel ? [atLeast(minKernel)] : []),
    ];
  }
  /** True if the rule applies on this host. */
  applies({ includes, excludes }: ContainerRule): boolean {
    return !(excludes && this.#has(excludes).some(Boolean)) && (!includes || this.#has(includes).every(Boolean));
  }

  rule(rule: ContainerRule, n: number): Rule {
    const path: JsonPath = ["syscalls", n];
    if (rule.name && rule.names?.length) this.#complain([...path, "name"], "there are both name and names", "use names");
    const names = rule.name ? [rule.name] : (rule.names ?? []);
    if (names.length === 0) this.#warn(path, "a rule without names does nothing");
    return {
      names,
      action: this.action(rule.action, rule.errnoRet, rule.errno, path),
      args: (rule.args ?? []).map(({ index, value, valueTwo, op }): Comparison => {
        return { index: index as Comparison["index"], op: op.replace("SCMP_CMP_", "") as Operator, value, valueTwo: valueTwo ?? 0n };
      }),
      places: names.map((_, i) => (rule.name ? this.#place(...path, "name") : this.#place(...path, "names", i))),
      place: this.#place(...path),
    };
  }
}

const aHost = optionsOf<Host>({ capabilities: listOf(oneOf(capabilityNames)), kernel: aKernelVersion });
const aDocument = shapeOf<JsonDocument>("a document of JSON", { value: anything, placeOf: aFunction, keyPlaceOf: aFunction });
/**
 * Reads a profile as it is on a host. Throws a Problem.
 *
 * @example
 * const source = new Source("default.json", readFileSync("default.json", "utf8"));
 * await readContainerProfile(source, { capabilities: dockerCapabilities, kernel: "6.12" });
 */
export const readContainerProfile = async (source: Source, host: Host, document?: JsonDocument): Promise<Profile> => {
  check("readContainerProfile", { source: aSource, host: aHost, document: optional(aDocument) }, [source, host, document]);
  return profileIn(source, host, document ?? parseJson(source));
};
/** `readContainerProfile` without a check of its arguments. */
export const profileIn = async (source: Source, host: Host, document: JsonDocument): Promise<Profile> => {
  const { containerProfile, members } = await import("./container-schema.ts");
  const below = profilePath(document);
  const resolver = new Resolver(source, document, below, host);
  if (isObject(document.value) && Object.keys(document.value).length === 0) {
    throw source.problem(document.placeOf([]), "an empty profile means that there is no filter at all", "give it a defaultAction");
  }
  const profile = checked(containerProfile, document, source, below);
  const raw = below.reduce<Json | undefined>((value, key) => (isObject(value) ? value[key as string] : undefined), document.value);
  resolver.unknownMembers(raw, isSpoProfile(document.value) ? [...members.profile, ...spoMembers] : members.profile);
  const base = isObject(raw) ? raw["baseProfileName"] : undefined;
  if (typeof base === "string" && base !== "")
    resolver.leaveOut(["baseProfileName"], `the base profile ${base} is left out: give the merged profile`);
  const rawRules = isObject(raw) && Array.isArray(raw["syscalls"]) ? (raw["syscalls"] as readonly Json[]) : [];
  for (const [n, rule] of rawRules.entries()) {
    resolver.unknownMembers(rule, members.rule, ["syscalls", n]);
    if (!isObject(rule)) continue;
    resolver.unknownMembers(rule["includes"], members.filter, ["syscalls", n, "includes"]);
    resolver.unknownMembers(rule["excludes"], members.filter, ["syscalls", n, "excludes"]);
  }
  const rules = (profile.syscalls ?? []).flatMap((rule, n) => (resolver.applies(rule) ? [resolver.rule(rule, n)] : []));
  const defaultAction = resolver.action(profile.defaultAction, profile.defaultErrnoRet, profile.defaultErrno, []);
  if (
    rules.some(({ action }) => action === upstream.returns.actions.find((row) => row.action === "user_notif")?.value) &&
    !profile.listenerPath
  ) {
    resolver.warnings.push({ message: "SCMP_ACT_NOTIFY without listenerPath: no listener answers, so these calls give ENOSYS" });
  }
  return { source, defaultAction, abis: resolver.abis(profile), rules, warnings: resolver.warnings };
};
