// Run inside a network namespace of its own (own-addresses.test.ts): services of the host listen on all
// addresses, and a link of a machine tries each address given. Prints what the services heard, as JSON.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { hostNetwork } from "trapgate/node";

const heard: string[] = [];
const server = createServer((socket) => {
  heard.push(`tcp ${socket.localAddress}`);
  socket.destroy();
}).listen(0, "::");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const packets = createSocket("udp6").on("message", (bytes) => void heard.push(`udp ${bytes}`));
packets.bind(port, "::");
await once(packets, "listening");

const results: Record<string, number | string> = {};
const link = await hostNetwork({ reach: "host" }).open((event) => {
  if (event.what === "connected" || event.what === "failed") results[`${names[event.id - 1]} later`] = event.what;
});
const names = process.argv.slice(2);
names.forEach((address, i) => {
  results[address] = link.connect(i + 1, { address, port });
  results[`${address} udp`] = link.datagram(1000 + i, { address, port }, new TextEncoder().encode(address));
});
await new Promise((resolve) => setTimeout(resolve, 300));
await link.close(false);
server.close();
packets.close();
console.log(JSON.stringify({ heard, results }));
