// Names and texts inside the guest are byte strings: one character a byte.

/** The same text, to be kept: V8 lets a part of a text hold the whole. */
export const own = (text: string): string => (text.length < SHARED ? text : ofBytes(asBytes(text)));
/** Shorter parts are copies. V8 SlicedString::kMinLength */
const SHARED = 13;

/** The bytes of one. Not Uint8Array.from, which goes through an iterator and a function for each. */
export const asBytes = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

/** A call of some 100 000 arguments is refused. */
const PART = 4096;
// Not with `...`, which goes through an iterator and takes seven times as long (108 bytes).
const part = (bytes: Uint8Array): string => String.fromCharCode.apply(undefined, bytes as unknown as number[]);
/** The byte string of bytes, a copy. */
export const ofBytes = (bytes: Uint8Array): string => {
  if (bytes.length <= PART) return part(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += PART) text += part(bytes.subarray(at, at + PART));
  return text;
};
/** The byte string of a host's text, in UTF-8. */
export const ofText = (text: string): string => ofBytes(new TextEncoder().encode(text));
