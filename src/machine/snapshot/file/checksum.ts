// A checksum against damage, of two hashes of 32 bits. It is no protection against a forger.

/** FNV-1a twice; the second hash mixes the first one in. http://www.isthe.com/chongo/tech/comp/fnv/ */
export const checksum = (bytes: Uint8Array): string => {
  let first = 0x811c_9dc5;
  let second = 0x9e37_79b9;
  for (let n = 0; n < bytes.length; n++) {
    const byte = bytes[n] as number;
    first = Math.imul(first ^ byte, 0x0100_0193);
    second = Math.imul(second ^ byte ^ (first >>> 16), 0x85eb_ca6b);
  }
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
  return hex(first) + hex(second);
};
