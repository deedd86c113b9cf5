// The processor of this host as a judge: its vendor, its features, its family. It judges the instructions
// that it has, under its own vendor's model. Recorded results (recorded.ts) judge the rest.
import { existsSync, readFileSync } from "node:fs";
import type { Row } from "../../src/cpu/isa/row.ts";
import { type CpuFeature, cpuModel, type Vendor, vendorNames, vendors } from "../../src/cpu/machine/model.ts";

const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "latin1") : "";
const value = (key: string): string => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "?";

/**
 * A model's name, as --cpu takes it: tests then run as on a processor without the features that this model
 * lacks. With another vendor's model they run as on a processor of a vendor without models.
 */
const MASK = "TRAPGATE_TEST_CPU";
const named = process.env[MASK];
const mask = named === undefined ? undefined : cpuModel(named);
if (named !== undefined && mask === undefined) throw new Error(`${MASK}=${named}: there is no such model (trapgate models)`);

/** True if features are hidden from tests, to show that these pass without them. */
export const isMasked = mask !== undefined;

const real = vendors.find((vendor) => info.includes(vendorNames[vendor]));
const flags: ReadonlySet<string> = new Set(value("flags").split(" "));

/** The vendor of this host's processor, if models of it exist. */
export const siliconVendor = (): Vendor | undefined => (mask === undefined || mask.vendor === real ? real : undefined);
/** The model that the processor under us judges: that of all features, by its vendor. */
export const siliconModel = (): string => `max:${siliconVendor() ?? "amd"}`;
/** True if this host's processor has the feature, by /proc/cpuinfo. */
export const hasFeature = (feature: CpuFeature): boolean => flags.has(feature) && (mask?.features.includes(feature) ?? true);

/** True if this host's processor has the instruction. */
export const hasRow = ({ feature = [] }: Row): boolean => (typeof feature === "string" ? [feature] : feature).every(hasFeature);

/** "AuthenticAMD family 25 model 17 stepping 1": the processor that every result is from. */
export const cpuName = (): string =>
  `${value("vendor_id")} family ${value("cpu family")} model ${value("model")} stepping ${value("stepping")}`;

/** The vendor, family and model of a processor. AMD APM Vol. 3 appendix E CPUID Fn0000_0001_EAX */
export interface Identity {
  readonly vendor: Vendor;
  readonly family: number;
  readonly model: number;
}
export const identityOf = (name: string): Identity => ({
  vendor: name.startsWith(vendorNames.intel) ? "intel" : "amd",
  family: Number(/family (\d+)/.exec(name)?.[1]),
  model: Number(/model (\d+)/.exec(name)?.[1]),
});

/**
 * Processors whose own ways, such as priorities among faults, are known (undefined.ts): AMD's by family,
 * Intel's by model, since all have family 6. Differences from others are findings to look at, and fail no
 * test unless they are many.
 */
const studied: Readonly<Record<Vendor, readonly number[]>> = { amd: [0x19, 0x1a], intel: [143, 167] };
export const isStudied = ({ vendor, family, model }: Identity): boolean => studied[vendor].includes(vendor === "amd" ? family : model);
