// A hundred cases of one program: it starts once, and each case goes on from there in a machine of its own.
import { hostTree } from "trapgate/node";
import { prepared } from "trapgate/vitest";

const shell = prepared(hostTree("/"), "/bin/sh", { args: ["-s"], input: "square() { echo $(($1 * $1)); }\n" });

const wrong = [];
for (let n = 0; n < 100; n++) {
  const { stdout } = await shell.run({ stdin: `square ${n}` });
  if (stdout.text !== `${n * n}\n`) wrong.push(n);
}
console.log(`100 cases, ${wrong.length} of them wrong`);
