// The state of the page in its address: JSON, deflated, in base64url. The address of a page is not sent to a
// server behind "#".
import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import { defaults, type Saved, savedSchema } from "./saved.ts";

const KEY = "s=";
/** Bytes of a state that is unpacked, at most. */
const MOST = 16_000_000;

export const toBase64 = (bytes: Uint8Array): string => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
};
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export const encodeState = (state: Saved): string => {
  // Defaults are left out.
  const said = Object.fromEntries(
    Object.entries(state).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults[key as "v"])),
  );
  const packed = toBase64(deflateSync(strToU8(JSON.stringify({ ...said, v: 1 })), { level: 9 }));
  return `#${KEY}${packed.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
};

/** The state of an address; undefined: it has none. Throws an Error with a sentence for people. */
export const decodeState = (hash: string): Saved | undefined => {
  const text = hash.replace(/^#/, "");
  if (!text.startsWith(KEY)) return undefined;
  let value: unknown;
  try {
    const packed = fromBase64(text.slice(KEY.length).replaceAll("-", "+").replaceAll("_", "/"));
    value = JSON.parse(strFromU8(inflateSync(packed, { out: new Uint8Array(Math.min(MOST, packed.length * 1100 + 1024)) })));
  } catch {
    throw new Error("This link is damaged: what follows # is no state of the lab. Ask for the whole link.");
  }
  const result = savedSchema.safeParse({ ...defaults, ...(value as object) });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`This link is of another version of the lab: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
};
