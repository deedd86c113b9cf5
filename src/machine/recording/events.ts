// Events of the host in a recording: all kinds of input that reach a machine while it runs, as JSON.
import type { NetworkEvent } from "../../kernel/net/host-network.ts";
import type { MachineEvent } from "../inputs.ts";

type Facts = Readonly<Record<string, unknown>>;
type NumberOf = (bytes: Uint8Array) => number;
type BytesOf = (index: number) => Uint8Array;
/** How events of a kind are written and read. `read` returns undefined for facts that are no such event. */
interface Form<E> {
  write(event: E, numberOf: NumberOf): Facts;
  read(facts: Facts, bytesOf: BytesOf): E | undefined;
}
type OfKind<K extends MachineEvent["kind"]> = Extract<MachineEvent, { kind: K }>;
type OfWhat<W extends NetworkEvent["what"]> = Extract<NetworkEvent, { what: W }>;

const isObject = (value: unknown): value is Facts => typeof value === "object" && value !== null && !Array.isArray(value);
/** True for a whole number from 0 on. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isWithin = (value: unknown, most: number): value is number => isCount(value) && value <= most;
/** True for a virtual time in nanoseconds. */
export const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isAddress = (value: unknown): value is { readonly address: string; readonly port: number } =>
  isObject(value) && typeof value["address"] === "string" && isWithin(value["port"], 65535);

/** Of a network event that has its connection only. */
const plain = <W extends "connected" | "end" | "ready">(what: W): Form<OfWhat<W>> => ({
  write: (event: { readonly id: number }) => ({ id: event.id }),
  read: ({ id }) => (isId(id) ? ({ what, id } as OfWhat<W>) : undefined),
});
const networkForms: { readonly [W in NetworkEvent["what"]]: Form<OfWhat<W>> } = {
  connected: plain("connected"),
  end: plain("end"),
  ready: plain("ready"),
  arrived: {
    write: ({ id, from, port }) => ({ id, from, port }),
    read: ({ id, from, port }) => (isId(id) && isAddress(from) && isWithin(port, 65535) ? { what: "arrived", id, from, port } : undefined),
  },
  bytes: {
    write: ({ id, bytes }, numberOf) => ({ id, bytes: numberOf(bytes) }),
    read: ({ id, bytes }, bytesOf) => (isId(id) && isCount(bytes) ? { what: "bytes", id, bytes: bytesOf(bytes) } : undefined),
  },
  failed: {
    write: ({ id, error }) => ({ id, error }),
    read: ({ id, error }) => (isId(id) && isWithin(error, 4095) ? { what: "failed", id, error } : undefined),
  },
  datagram: {
    write: ({ id, from, port, bytes }, numberOf) => ({ id, from, ...(port === undefined ? {} : { port }), bytes: numberOf(bytes) }),
    read({ id, from, port, bytes }, bytesOf) {
      if (!isId(id) || !isAddress(from) || !isCount(bytes) || !(port === undefined || isWithin(port, 65535))) return undefined;
      return { what: "datagram", id, from, bytes: bytesOf(bytes), ...(port === undefined ? {} : { port }) };
    },
  },
};

const forms: { readonly [K in MachineEvent["kind"]]: Form<OfKind<K>> } = {
  bytes: {
    write: ({ bytes }, numberOf) => ({ bytes: numberOf(bytes) }),
    read: ({ bytes }, bytesOf) => (isCount(bytes) ? { kind: "bytes", bytes: bytesOf(bytes) } : undefined),
  },
  end: { write: () => ({}), read: () => ({ kind: "end" }) },
  signal: {
    write: ({ signal }) => ({ signal }),
    read: ({ signal }) => (isWithin(signal, 64) && signal > 0 ? { kind: "signal", signal } : undefined),
  },
  resize: {
    write: ({ columns, rows }) => ({ columns, rows }),
    read: ({ columns, rows }) => (isWithin(columns, 65535) && isWithin(rows, 65535) ? { kind: "resize", columns, rows } : undefined),
  },
  time: {
    write: ({ until }) => ({ until }),
    read: ({ until }) => (isTime(until) ? { kind: "time", until } : undefined),
  },
  network: {
    write({ event }, numberOf) {
      const form = networkForms[event.what] as Form<NetworkEvent>;
      return { what: event.what, ...form.write(event, numberOf) };
    },
    read(facts, bytesOf) {
      const { what } = facts;
      if (typeof what !== "string" || !Object.hasOwn(networkForms, what)) return undefined;
      const event = (networkForms[what as NetworkEvent["what"]] as Form<NetworkEvent>).read(facts, bytesOf);
      return event && { kind: "network", event };
    },
  },
};

/** An event as facts. `numberOf` keeps bytes and gives them their number. */
export const factsOfEvent = (event: MachineEvent, numberOf: NumberOf): Facts => ({
  kind: event.kind,
  ...(forms[event.kind] as Form<MachineEvent>).write(event, numberOf),
});
/** The event of facts; undefined for facts that are none. */
export const eventOfFacts = (facts: unknown, bytesOf: BytesOf): MachineEvent | undefined => {
  if (!isObject(facts)) return undefined;
  const { kind } = facts;
  if (typeof kind !== "string" || !Object.hasOwn(forms, kind)) return undefined;
  return (forms[kind as MachineEvent["kind"]] as Form<MachineEvent>).read(facts, bytesOf);
};
