// Runs that are recorded: terminals, networks, writable mounts, threads and plain programs. Each is drawn
// from a seed, and has parts that come from outside at times of the host.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { converse, type Typed } from "../../test/support/terminal.ts";
import type { Random } from "../oracle/random.ts";

/** The command line that records: options and the program are added. */
export type Recorder = readonly string[];
/**
 * Makes one recording of a run whose exit status is not 0. `folder`: for files that the run uses; it is gone
 * when the recording is replayed.
 */
export type Kind = (recorder: Recorder, folder: string, random: Random) => Promise<void>;

const shell = ["--root", "/", "--cwd", "/", "/bin/sh", "-c"];
const python = ["--root", "/", "/usr/bin/python3", "-c"];

const start = (recorder: Recorder, args: readonly string[]): ChildProcess => spawn(process.execPath, [...recorder, ...args]);
/** Resolves with the output at the end. `saw` gets the output so far. */
const ended = (child: ChildProcess, saw: (output: string) => void = () => {}): Promise<string> =>
  new Promise((resolve) => {
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (part: string) => {
        output += part;
        saw(output);
      });
    child.stdin?.on("error", () => {});
    child.once("close", () => resolve(output));
  });
const plainly = async (recorder: Recorder, args: readonly string[]): Promise<void> => {
  const child = start(recorder, args);
  child.stdin?.end();
  await ended(child);
};

const programs = [
  "ls -lR /etc/apt | sort -r | head -n 40",
  "sort -R /etc/passwd; cksum /etc/group",
  "perl -e 'my %h; $h{$_ % 97} += $_ for 1..3000; print join(\",\", keys %h), time, qx(echo a)'",
  "python3 -c 'import os,random,time; print(os.urandom(8).hex(), random.random(), time.time(), id(object()))'",
  "tar cf - /etc/apt | gzip | wc -c; find /usr/share/doc -maxdepth 1 | wc -l",
  "awk 'BEGIN { srand(); for (i = 0; i < 2000; i++) s += rand(); print s }'; date; cat /proc/self/status",
  "for i in 1 2 3 4 5; do mktemp -u; done; kill -SEGV $$",
  "bash -c 'for i in {1..30}; do (echo $RANDOM $i) & done; wait'",
];
const plain: Kind = async (recorder, _, random) => plainly(recorder, [...shell, `${random.pick(programs)}; exit 3`]);

const lines = ["ls /", "echo $RANDOM", "stty size", "cat /proc/uptime", "sleep 0.05", "date +%N", "jobs", "seq 3 | tac"];
const terminal: Kind = async (recorder, _, random) => {
  const dialogue: Typed[] = Array.from({ length: 3 + random.below(5) }, () => ({
    after: "# ",
    type: `${random.pick(lines)}\r`,
    pause: random.below(60),
  }));
  if (random.chance(0.5))
    dialogue.push({ after: "# ", type: "sleep 100\r" }, { after: "100", type: "\x03", pause: 100 + random.below(200) });
  if (random.chance(0.5))
    dialogue.push({ after: "# ", type: "cat\r" }, { after: "cat", type: "abc\r", pause: 50 }, { after: "abc", type: "\x04", pause: 100 });
  dialogue.push({ after: "# ", type: `exit ${1 + random.below(99)}\r` });
  const words = [process.execPath, ...recorder, "--root", "/", "--", "/bin/bash", "--norc", "-i"];
  await converse(`stty rows ${20 + random.below(40)} cols ${60 + random.below(60)}; ${words.join(" ")}`, dialogue);
};

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)));
const network: Kind = async (recorder, _, random) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => setTimeout(() => socket.write(`${bytes}`.repeat(1 + random.below(800))), random.below(30)));
  });
  const port = await listening(server);
  const text = `
import socket,time
s=socket.create_connection(("10.0.2.2",${port}))
for i in range(${2 + random.below(5)}):
    s.sendall(b"line %d\\n"%i); print(len(s.recv(65536)), time.monotonic(), flush=True)
try: socket.create_connection(("10.0.2.2",1),timeout=2)
except OSError as e: print(e.errno)
l=socket.socket(); l.bind(("",80)); l.listen(); print("listening", flush=True)
c,a=l.accept(); print(c.recv(100)); c.sendall(b"x"*${1 + random.below(300_000)}); c.shutdown(1); print(c.recv(100), time.monotonic()); raise SystemExit(3)
`;
  const child = start(recorder, ["--net", "host,loopback", "--publish", "0:80", ...python, text]);
  let isCalled = false;
  await ended(child, (output) => {
    const [, published] = /port (\d+) of 127\.0\.0\.1 is port/.exec(output) ?? [];
    if (isCalled || !published || !output.includes("listening")) return;
    isCalled = true;
    const client = connect(Number(published), "127.0.0.1", () => client.write("hello"));
    client
      .on("data", () => {})
      .on("end", () => client.end())
      .on("error", () => {});
  });
  server.close();
};

const changes = [
  "echo more >> one",
  "mv two 2; mv 2 two",
  "mkdir -p d; rmdir d",
  "ln -sf one l; rm l",
  "chmod 600 one; stat -c '%a %s' one",
  "dd if=/dev/urandom of=r bs=1000 count=3 2>/dev/null; cksum r",
  "sort one two > three; wc three",
  "truncate -s 5000 one; tail -c 3 one | od -c",
  "touch three; ls -l --time-style=full-iso three",
  "cp two four; ln four five; ls -li; rm four five",
];
const rw: Kind = async (recorder, folder, random) => {
  const data = join(folder, "data");
  mkdirSync(data);
  for (const name of ["one", "two", "three"]) writeFileSync(join(data, name), `${name}\n`.repeat(random.below(2000)));
  const script = Array.from({ length: 3 + random.below(6) }, () => random.pick(changes)).join("; ");
  const child = start(recorder, [
    "--mount",
    `${data}:/data:rw`,
    ...shell,
    `cd /data; ${script}; ls -la; read x; cat one | wc; echo $x; exit 3`,
  ]);
  // The host changes a file meanwhile.
  setTimeout(() => {
    writeFileSync(join(data, "one"), "from outside\n");
    child.stdin?.end("typed\n");
  }, random.below(600));
  await ended(child);
};

const threads: Kind = async (recorder, _, random) => {
  const text = `
import threading,os,signal,time,queue
q=queue.Queue(); got=[]
def work(n):
    for i in range(${20 + random.below(80)}): q.put((n,i)); sum(range(${random.below(3000)}))
def hear(s,f): got.append((s,time.monotonic()))
signal.signal(signal.SIGUSR1,hear)
ts=[threading.Thread(target=work,args=(n,)) for n in range(${2 + random.below(5)})]
[t.start() for t in ts]; [t.join() for t in ts]
order=[]
while not q.empty(): order.append(q.get())
print(hash(str(order))); print("ready",flush=True)
r,w=os.pipe(); pid=os.fork()
if pid==0: os.write(w,b"x"*${random.below(9000)}); os._exit(3)
os.close(w); n=0
while b:=os.read(r,4096): n+=len(b)
print(n,os.waitpid(pid,0)[1]); end=time.monotonic()+0.3
while time.monotonic()<end: pass
print(got); raise SystemExit(3)`;
  const child = start(recorder, [...python, text]);
  child.stdin?.end();
  let isSent = false;
  await ended(child, (output) => {
    if (isSent || !output.includes("ready")) return;
    isSent = true;
    setTimeout(() => child.kill("SIGUSR1"), random.below(300));
  });
};

/** All kinds, by name. */
export const kinds: Readonly<Record<string, Kind>> = { plain, terminal, network, rw, threads };
