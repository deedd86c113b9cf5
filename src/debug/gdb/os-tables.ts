// `info os`: tables of the whole machine. Names and columns are those of gdbserver on Linux. GDB manual,
// "Operating System Information"; man 5 proc_sysvipc, proc_cpuinfo.
import { AF, SOCK } from "../../abi/uapi/socket.ts";
import type { Process } from "../../kernel/core/process.ts";
import type { Task } from "../../kernel/core/task.ts";
import { cpuinfo } from "../../kernel/fs/proc/machine/cpuinfo.ts";
import type { FixedTree } from "../../kernel/fs/proc/tree/fixed-tree.ts";
import type { ProcContent } from "../../kernel/fs/proc/tree/node.ts";
import { type Path, pathName } from "../../kernel/fs/vfs/dentry.ts";
import { InetSocket } from "../../kernel/net/inet.ts";
import { ANY, ANY6, type Ip } from "../../kernel/net/inet-address.ts";
import { TcpSocket } from "../../kernel/net/tcp.ts";
import { inet6 } from "../../kernel/show/socket.ts";
import { peek } from "../memory.ts";
import { xmlText } from "./libraries.ts";
import { latin1, textOf } from "./packet.ts";

/** A table: how gdb names and describes it, and the values of each row by column. */
interface OsTable {
  readonly title: string;
  readonly description: string;
  /** The namespaces are those of the thread. */
  rows(task: Task): readonly OsRow[];
}
type OsRow = Readonly<Record<string, string | number>>;

/** The name of a user or group. Only that of root is known without files of the guest. */
const owner = (id: number): string => (id === 0 ? "root" : `${id}`);
/** The arguments of a program with spaces between, or its name. */
const commandLine = ({ mem, comm }: Task): string => {
  const bytes = new Uint8Array(Math.min(Math.max(0, mem.argEnd - mem.argStart), 1000));
  const text = textOf(bytes.subarray(0, peek(mem, mem.argStart, bytes)));
  return text.replace(/\0$/, "").replaceAll("\0", " ") || comm;
};
const processesOf = ({ kernel }: Task): Process[] => [...kernel.processes.values()];
const commandOf = ({ kernel }: Task, pid: number): string => kernel.processes.get(pid)?.leader.comm ?? `${pid}`;

const byNumber = (a: number, b: number): number => a - b;
const inGroups = (task: Task): OsRow[] =>
  processesOf(task)
    .sort((a, b) => byNumber(a.pgid, b.pgid) || byNumber(a.pid, b.pid))
    .map(({ pgid, pid, leader }) => ({
      pgid,
      "leader command": commandOf(task, pgid),
      pid,
      "command line": commandLine(leader),
    }));

interface OpenFile {
  readonly fd: number;
  readonly path: Path;
}
function* filesOf({ files }: Task): Generator<OpenFile> {
  for (let fd = 0; fd < files.size; fd++) {
    const file = files.getRaw(fd);
    if (file) yield { fd, path: file.path };
  }
}
const openFiles = (task: Task): OsRow[] =>
  processesOf(task).flatMap(({ pid, leader, threads: [live] }) =>
    [...(live ? filesOf(live) : [])].map(({ fd, path }) => ({
      pid,
      command: leader.comm,
      "file descriptor": fd,
      name: live ? pathName(path, live.fs.root).name : "",
    })),
  );

/** Linux enum tcp_state, from 1 on. */
const STATES = "ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING".split(" ");
const stateOf = (socket: InetSocket): string =>
  STATES[(socket instanceof TcpSocket ? socket.stateNumber : socket.peerName ? 1 : STATES.indexOf("CLOSE") + 1) - 1] ?? "";
const ipText = (ip: Ip, isSix: boolean): string => {
  if (typeof ip === "string") return inet6(Uint8Array.from(ip, (c) => c.charCodeAt(0)));
  return `${isSix ? "::ffff:" : ""}${[24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join(".")}`;
};
const sockets = ({ net }: Task): OsRow[] =>
  [...net.tcp.sockets(), ...net.udp.sockets()]
    .filter((holder) => holder instanceof InetSocket)
    .map((socket) => {
      const isSix = socket.domain === AF.INET6;
      return {
        "local address": ipText(socket.ip, isSix),
        "local port": socket.port,
        "remote address": ipText(socket.peerName?.ip ?? (isSix ? ANY6 : ANY), isSix),
        "remote port": socket.peerName?.port ?? 0,
        state: stateOf(socket),
        user: owner(socket.uid),
        family: isSix ? "INET6" : "INET",
        protocol: socket.type === SOCK.STREAM ? "STREAM" : "DGRAM",
      };
    });

/** As ctime(3) writes it, in UTC; empty for never. */
const timeText = (seconds: string): string => {
  if (Number(seconds) === 0) return "";
  const [day = "", date = "", month, year, time] = new Date(Number(seconds) * 1000).toUTCString().split(" ");
  return `${day.replace(",", "")} ${month} ${date.replace(/^0/, " ")} ${time} ${year}`;
};
/** A column: its name, the heading in /proc/sysvipc, and how the value is shown. */
type IpcColumn = readonly [name: string, heading: string, show?: (value: string, task: Task) => string];
const user = (id: string): string => owner(Number(id));
const command = (pid: string, task: Task): string => commandOf(task, Number(pid));
const OWNERS: readonly IpcColumn[] = [
  ["user", "uid", user],
  ["group", "gid", user],
  ["creator user", "cuid", user],
  ["creator group", "cgid", user],
];
/** A table from a file of /proc/sysvipc. The feature of the kernel may be missing. */
const ipcTable = (name: string, title: string, description: string, columns: readonly IpcColumn[]): OsTable => ({
  title,
  description,
  rows: (task) => {
    const tree = task.kernel.features.map(({ procFiles }) => procFiles?.(task.kernel)["sysvipc"] as FixedTree | undefined).find(Boolean);
    const records = (tree?.[name] as ProcContent | undefined)?.records?.(task, 0);
    if (records === undefined || typeof records === "number") return [];
    const [headings = [], ...lines] = [...records].map(({ text }) => text.trim().split(/ +/));
    return lines.map((words) =>
      Object.fromEntries(
        columns.map(([column, heading, show = String]) => [column, show(words[headings.indexOf(heading)] ?? "", task)] as const),
      ),
    );
  },
});

const tables: Readonly<Record<string, OsTable>> = {
  cpus: {
    title: "CPUs",
    description: "Listing of all cpus/cores on the system",
    rows: ({ kernel }) =>
      cpuinfo(kernel)
        .split("\n\n")
        .filter((text) => text !== "")
        .map((text) => Object.fromEntries(text.split("\n").map((line) => line.split(/\t*: ?/) as [string, string]))),
  },
  files: { title: "File descriptors", description: "Listing of all file descriptors", rows: openFiles },
  modules: { title: "Kernel modules", description: "Listing of all loaded kernel modules", rows: () => [] },
  msg: ipcTable("msg", "Message queues", "Listing of all message queues", [
    ["key", "key"],
    ["msqid", "msqid"],
    ["permissions", "perms"],
    ["num used bytes", "cbytes"],
    ["num messages", "qnum"],
    ["last msgsnd() command", "lspid", command],
    ["last msgrcv() command", "lrpid", command],
    ...OWNERS,
    ["last msgsnd() time", "stime", timeText],
    ["last msgrcv() time", "rtime", timeText],
    ["last msgctl() time", "ctime", timeText],
  ]),
  processes: {
    title: "Processes",
    description: "Listing of all processes",
    rows: (task) =>
      processesOf(task).map(({ pid, leader, threads }) => ({
        pid,
        user: owner(leader.cred.uid),
        command: commandLine(leader),
        cores: [...new Set(threads.map(({ cpu }) => cpu))].sort(byNumber).join(","),
      })),
  },
  procgroups: { title: "Process groups", description: "Listing of all process groups", rows: inGroups },
  semaphores: ipcTable("sem", "Semaphores", "Listing of all semaphores", [
    ["key", "key"],
    ["semid", "semid"],
    ["permissions", "perms"],
    ["num semaphores", "nsems"],
    ...OWNERS,
    ["last semop() time", "otime", timeText],
    ["last semctl() time", "ctime", timeText],
  ]),
  shm: ipcTable("shm", "Shared-memory regions", "Listing of all shared-memory regions", [
    ["key", "key"],
    ["shmid", "shmid"],
    ["permissions", "perms"],
    ["size", "size"],
    ["creator command", "cpid", command],
    ["last op. command", "lpid", command],
    ["num attached", "nattch"],
    ...OWNERS,
    ["last shmat() time", "atime", timeText],
    ["last shmdt() time", "dtime", timeText],
    ["last shmctl() time", "ctime", timeText],
  ]),
  sockets: { title: "Internet-domain sockets", description: "Listing of all internet-domain sockets", rows: sockets },
  threads: {
    title: "Threads",
    description: "Listing of all threads",
    rows: (task) =>
      processesOf(task).flatMap(({ pid, threads }) =>
        threads.map((thread) => ({ pid, command: thread.comm, tid: thread.pid, core: thread.cpu })),
      ),
  },
};

const written = (type: string, rows: readonly OsRow[]): Uint8Array => {
  const columns = (row: OsRow): string =>
    Object.entries(row)
      .map(([name, value]) => `<column name="${xmlText(name)}">${xmlText(`${value}`)}</column>`)
      .join("");
  const items = rows.map((row) => `<item>${columns(row)}</item>\n`).join("");
  return latin1(`<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "osdata.dtd">\n<osdata type="${type}">\n${items}</osdata>\n`);
};
/** The object osdata with an annex: a table, or the list of them without one. An unknown table is empty. */
export const osData = (task: Task, annex: string): Uint8Array => {
  if (annex === "") {
    const rows = Object.entries(tables).map(([Type, { description, title }]) => ({ Type, Description: description, Title: title }));
    return written("types", rows);
  }
  const table = Object.hasOwn(tables, annex) ? tables[annex] : undefined;
  return table ? written(annex, table.rows(task)) : new Uint8Array();
};
