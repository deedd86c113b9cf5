// NETLINK_NETFILTER: the rules of nftables, of which there are none. Programs can list and empty them; no
// rule can be made. Linux net/netfilter/nfnetlink.c, nf_tables_api.c, uapi linux/netfilter/nf_tables.h.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { attribute, body, HEADER, isDump, type NetlinkReply, type NetlinkRequest, type Service, view } from "./message.ts";

/** NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, and the subsystem in the upper byte of other types. */
const BATCH = { BEGIN: 16, END: 17 } as const;
const NFTABLES = 10;
/** NFT_MSG_*. */
const NFT = {
  GETTABLE: 1,
  DELTABLE: 2,
  GETCHAIN: 4,
  DELCHAIN: 5,
  GETRULE: 7,
  DELRULE: 8,
  GETSET: 10,
  DELSET: 11,
  GETSETELEM: 13,
  DELSETELEM: 14,
  NEWGEN: 15,
  GETGEN: 16,
  GETOBJ: 19,
  DELOBJ: 20,
  GETFLOWTABLE: 23,
  DELFLOWTABLE: 24,
  MOST: 33,
} as const;
/** Objects that are listed without a table's name. The table of sets and their elements must exist. */
const listed: ReadonlySet<number> = new Set([NFT.GETTABLE, NFT.GETCHAIN, NFT.GETRULE, NFT.GETSET, NFT.GETOBJ, NFT.GETFLOWTABLE]);
const single: ReadonlySet<number> = new Set([...listed, NFT.GETSETELEM]);
const deleted: ReadonlySet<number> = new Set([
  NFT.DELTABLE,
  NFT.DELCHAIN,
  NFT.DELRULE,
  NFT.DELSET,
  NFT.DELSETELEM,
  NFT.DELOBJ,
  NFT.DELFLOWTABLE,
]);
/** struct nfgenmsg { u8 family, version; be16 res_id; } */
const GENERIC = 4;
/** NFTA_*_TABLE, NFTA_TABLE_NAME and NFNL_BATCH_GENID. */
const NAME = 1;
const GENERATION = { ID: 1, PROCESS: 2, COMMAND: 3 } as const;
/** The number of the rules' generation: they never change. */
const FIRST = 1;

const be32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

const generation = (task: Task): NetlinkReply => [
  [
    (NFTABLES << 8) | NFT.NEWGEN,
    body(Uint8Array.of(0, 0, 0, FIRST), [
      [GENERATION.ID, be32(FIRST)],
      [GENERATION.PROCESS, be32(task.pidNs.numberOf(task.pid))],
      [GENERATION.COMMAND, Uint8Array.from(`${task.comm}\0`, (c) => c.charCodeAt(0))],
    ]),
  ],
];
/** The beginning of a transaction: of another subsystem, or for an older generation, it is refused. */
const begin = ({ bytes }: NetlinkRequest): number => {
  if (view(bytes).getUint16(HEADER + 2) !== NFTABLES) return -E.EOPNOTSUPP;
  const wanted = attribute(bytes, HEADER + GENERIC, NAME);
  return !wanted || (wanted.length >= 4 && view(wanted).getUint32(0) === FIRST) ? 0 : -E.ERESTART;
};

/** Serves requests about rules. */
export const nftables: Service = (task, request) => {
  const { type, bytes } = request;
  if (!capableIn(task.cred, task.net.owner, CAP.NET_ADMIN)) return -E.EPERM;
  if (bytes.length < HEADER + GENERIC) return type === BATCH.BEGIN ? -E.EINVAL : 0;
  if (type === BATCH.BEGIN) return begin(request);
  if (type === BATCH.END) return 0;
  const what = type & 255;
  if (type >> 8 !== NFTABLES || what > NFT.MOST) return -E.EINVAL;
  if (what === NFT.GETGEN) return generation(task);
  const named = attribute(bytes, HEADER + GENERIC, NAME) !== undefined;
  if (isDump(request) && listed.has(what)) return named && what === NFT.GETSET ? -E.ENOENT : [];
  if (single.has(what)) return named ? -E.ENOENT : -E.EINVAL;
  if (what === NFT.DELTABLE && !named) return 0;
  return deleted.has(what) ? -E.ENOENT : -E.EOPNOTSUPP;
};
