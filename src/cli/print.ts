/** Results go to stdout, as one write: a pipe's reader never sees half a table after an error. */
export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Messages go to stderr, so that stdout stays what was asked for. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The one JSON document of a command. */
export function printJson(document: object): void {
  process.stdout.write(`${JSON.stringify({ schema: 1, ...document }, undefined, 2)}\n`);
}
