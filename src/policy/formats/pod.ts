// A Kubernetes object with a pod: the profile of the node that its container names. Kubernetes API v1,
// "SeccompProfile"; KEP-135; localhostProfile is relative to the kubelet's folder seccomp.

import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import type { Json, JsonDocument, JsonPath } from "../input/json.ts";
import type { Source } from "../input/source.ts";
import { parseYaml } from "../input/yaml.ts";

type Members = { readonly [key: string]: Json };
const isObject = (value: Json | undefined): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);

/** Where the pod's spec stands in an object of each kind. */
const podSpecs: Readonly<Record<string, JsonPath>> = {
  Pod: ["spec"],
  PodTemplate: ["template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
  ...Object.fromEntries(
    ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job"].map((kind) => [
      kind,
      ["spec", "template", "spec"],
    ]),
  ),
};
const KIND = new RegExp(`^kind:\\s*["']?(${Object.keys(podSpecs).join("|")})\\b`, "m");
/** True if a text is YAML or JSON of a Kubernetes object with containers. */
export const looksPod = (text: string): boolean => KIND.test(text);

const isPod = (value: Json): boolean => isObject(value) && typeof value["kind"] === "string" && Object.hasOwn(podSpecs, value["kind"]);
const at = (value: Json | undefined, path: JsonPath): Json | undefined =>
  path.reduce<Json | undefined>(
    (found, key) => (Array.isArray(found) ? found[key as number] : isObject(found) ? found[key] : undefined),
    value,
  );

interface Reference {
  readonly container: string;
  readonly type: Json | undefined;
  readonly profile: Json | undefined;
  readonly path: JsonPath;
}
/** Each container's own profile, or the pod's. */
const references = (document: JsonDocument, base: JsonPath): readonly Reference[] =>
  ["containers", "initContainers", "ephemeralContainers"].flatMap((list) => {
    const containers = at(document.value, [...base, list]);
    if (!Array.isArray(containers)) return [];
    return containers.map((container, n): Reference => {
      const own: JsonPath = [...base, list, n, "securityContext", "seccompProfile"];
      const path = at(document.value, own) === undefined ? [...base, "securityContext", "seccompProfile"] : own;
      const found = at(document.value, path);
      const name = isObject(container) ? container["name"] : undefined;
      return {
        container: typeof name === "string" ? name : `${list} ${n}`,
        type: isObject(found) ? found["type"] : undefined,
        profile: isObject(found) ? found["localhostProfile"] : undefined,
        path,
      };
    });
  });

interface Options {
  readonly container?: string;
  readonly profileFile?: (path: string) => Uint8Array | Promise<Uint8Array>;
}
/** A profile that a pod names, and its content. */
export interface LocalProfile {
  readonly path: string;
  readonly content: Uint8Array;
}

const TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

/** Throws a Problem if the container names no profile of the node, or it cannot be read. */
export const localProfile = async (source: Source, { container, profileFile }: Options): Promise<LocalProfile> => {
  const document = await parseYaml(source, isPod);
  const kind = isObject(document.value) ? String(document.value["kind"]) : "";
  const base = podSpecs[kind] ?? ["spec"];
  const all = references(document, base);
  const names = [...new Set(all.map((reference) => reference.container))];
  const wanted = container === undefined ? all : all.filter((reference) => reference.container === container);
  const [first] = wanted;
  if (!first) {
    const message = container === undefined ? "this pod has no containers" : `there is no container "${container}"`;
    throw source.problem(document.placeOf(base), message, names.length > 0 ? `there are ${names.join(", ")}` : undefined);
  }
  const place = document.placeOf(first.path);
  if (wanted.some(({ type, profile }) => type !== first.type || profile !== first.profile)) {
    throw source.problem(
      document.placeOf(base),
      "the containers have different profiles",
      `one of ${names.join(", ")} is meant: --container`,
    );
  }
  if (first.type === undefined) {
    throw source.problem(
      document.placeOf(base),
      `the container ${first.container} has no seccompProfile`,
      "it runs unconfined, unless the kubelet has seccompDefault",
    );
  }
  if (first.type !== "Localhost") {
    if (first.type === "RuntimeDefault")
      throw source.problem(
        place,
        "RuntimeDefault is the profile of the node's runtime, which is not in this file",
        "read that profile itself",
      );
    if (first.type === "Unconfined") throw source.problem(place, "this container is unconfined: there is no filter");
    throw source.problem(
      place,
      `there is no type ${JSON.stringify(first.type)}`,
      didYouMean(String(first.type), TYPES) ?? TYPES.join(", "),
    );
  }
  const { profile } = first;
  if (typeof profile !== "string" || profile === "") throw source.problem(place, "type Localhost needs localhostProfile");
  const profilePlace = document.placeOf([...first.path, "localhostProfile"]);
  if (profile.startsWith("/") || profile.split("/").includes(".."))
    throw source.problem(
      profilePlace,
      "localhostProfile is a path below the node's folder of profiles",
      "without / at its beginning and without ..",
    );
  if (!profileFile) throw source.problem(profilePlace, `the profile ${profile} is not in this file`, "give profileFile");
  try {
    return { path: profile, content: await profileFile(profile) };
  } catch (cause) {
    if (cause instanceof Problem) throw source.problem(profilePlace, cause.message, cause.help);
    throw cause;
  }
};
