// Internet addresses as text: 192.0.2.1, fd00::2. RFC 4291 section 2.2, RFC 5952.
import type { Ip } from "./inet-address.ts";

const GROUPS = 8;

/** The text of an address. IPv6 without `::`. */
export const ipText = (ip: Ip): string => {
  if (typeof ip === "number") return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join(".");
  const groups = Array.from({ length: GROUPS }, (_, i) => (ip.charCodeAt(2 * i) << 8) | ip.charCodeAt(2 * i + 1));
  return groups.map((group) => group.toString(16)).join(":");
};

const four = (text: string): number | undefined => {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256)) return undefined;
  return octets.reduce((n, octet) => ((n << 8) | Number(octet)) >>> 0, 0);
};
const groupsOf = (text: string): number[] | undefined => {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(":")) {
    const last = part.includes(".") ? four(part) : undefined;
    if (last !== undefined) groups.push(last >>> 16, last & 0xffff);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
};
const MAPPED = [0, 0, 0, 0, 0, 0xffff];

/**
 * The address of a text, or undefined. A mapped address (::ffff:192.0.2.1) becomes the IPv4 address. A zone
 * (%eth0) is ignored.
 */
export const ipOf = (text: string): Ip | undefined => {
  const plain = text.replace(/%.*$/, "");
  if (!plain.includes(":")) return four(plain);
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (!head || (halves.length === 2 && !tail)) return undefined;
  const missing = GROUPS - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
  if (MAPPED.every((group, i) => groups[i] === group)) return (((groups[6] as number) << 16) | (groups[7] as number)) >>> 0;
  return String.fromCharCode(...groups.flatMap((group) => [group >> 8, group & 255]));
};
