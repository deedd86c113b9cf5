// Above the lanes: the machine's settings, of one side or of two.

import { batch } from "@preact/signals";
import { seccompProfileNames } from "trapgate/seccomp";
import type { Setting } from "../methods/protocol.ts";
import { change, run, type Side, saved } from "../state/session.ts";

const about: Readonly<Record<string, string>> = {
  v6: "v6 (Feb. 2012)",
  merged: "",
  upstream: "Linux 6.12",
};
/** The newest first, because most users want it. */
const kernels = [
  "upstream",
  "v6",
  ...seccompProfileNames.filter((name) => !(name in about) && name !== "6.12" && name !== "patch:v6").reverse(),
];
const nameOf = (kernel: string): string =>
  about[kernel] || (kernel.startsWith("patch:") ? `${kernel.slice(6)} of the patch` : `Linux ${kernel}`);

/** One side's setting in a few words. */
export const settingText = ({ kernel, vendor, x32, ia32, uid, policy }: Setting): string =>
  [
    nameOf(kernel),
    vendor === "amd" ? "AMD" : "Intel",
    x32 && "x32",
    !ia32 && "no IA32",
    uid !== 0 && `uid ${uid}`,
    saved.value.filter && !policy && "no filter",
  ]
    .filter(Boolean)
    .join(", ");

const set = (side: Side, some: Partial<Setting>): void => {
  const { a, b } = saved.value;
  batch(() => change(side === "a" ? { a: { ...a, ...some } as never } : { b: { ...(b ?? a), ...some } as never }));
  void run();
};

const One = ({ side, setting }: { readonly side: Side; readonly setting: Setting }) => (
  <fieldset class={`setting side-${side}`}>
    <legend>{saved.value.b ? `Machine ${side.toUpperCase()}` : "Machine"}</legend>
    <label class="field">
      <span class="visually-hidden">Kernel</span>
      <select value={setting.kernel} onChange={(e) => set(side, { kernel: e.currentTarget.value })}>
        {[...new Set([setting.kernel, ...kernels])].map((kernel) => (
          <option value={kernel} key={kernel}>
            {nameOf(kernel)}
          </option>
        ))}
      </select>
    </label>
    <label class="field">
      <span class="visually-hidden">Processor</span>
      <select value={setting.vendor} onChange={(e) => set(side, { vendor: e.currentTarget.value as "amd" })}>
        <option value="amd">AMD</option>
        <option value="intel">Intel</option>
      </select>
    </label>
    <label class="check">
      <input type="checkbox" checked={setting.x32} onChange={(e) => set(side, { x32: e.currentTarget.checked })} /> x32
    </label>
    <label class="check">
      <input type="checkbox" checked={setting.ia32} onChange={(e) => set(side, { ia32: e.currentTarget.checked })} /> IA32
    </label>
    <label class="field" title="The user that the program runs as. 0 is root">
      <span>uid</span>
      <input
        class="uid"
        inputMode="numeric"
        size={5}
        value={String(setting.uid)}
        onChange={(e) => {
          const uid = Number(e.currentTarget.value);
          if (/^\d{1,9}$/.test(e.currentTarget.value.trim())) set(side, { uid });
          else e.currentTarget.value = String(setting.uid);
        }}
      />
    </label>
    {saved.value.filter && saved.value.b && (
      <label class="check" title="The program starts under the policy on this machine">
        <input type="checkbox" checked={setting.policy} onChange={(e) => set(side, { policy: e.currentTarget.checked })} /> filter
      </label>
    )}
  </fieldset>
);

const compare = (): void => {
  const { a, b } = saved.value;
  change({ b: b ? null : { ...a, kernel: a.kernel === "v6" ? "upstream" : "v6" } });
  void run();
};

export const Switches = () => {
  const { a, b } = saved.value;
  return (
    <div class="switches">
      <One side="a" setting={a} />
      {b && <One side="b" setting={b} />}
      <button type="button" class="quiet" aria-pressed={b !== null} onClick={compare}>
        {b ? "One machine" : "Compare two"}
      </button>
    </div>
  );
};
