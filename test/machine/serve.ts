// Runs in the machine: reads commands from its second serial line, one JSON document a line, and answers in the same way.
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';

const line = openSync('/dev/ttyS1', 'r+');
const answers = createWriteStream('', { fd: line });
answers.write(`${JSON.stringify({ up: true })}\n`);

for await (const text of createInterface({ input: createReadStream('', { fd: line, autoClose: false }) })) {
  const { id, argv, input } = JSON.parse(text) as { id: number; argv: [string, ...string[]]; input: string };
  const [program, ...rest] = argv;
  const child = spawn(program, rest, { stdio: 'pipe' });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.on('error', (error) => errors.push(Buffer.from(error.message)));
  child.on('close', (status) => {
    const answer = {
      id,
      exitCode: status ?? 128,
      stdout: String(Buffer.concat(out)),
      stderr: String(Buffer.concat(errors)),
    };
    answers.write(`${JSON.stringify(answer)}\n`);
  });
  child.stdin.end(input);
}
