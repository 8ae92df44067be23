import { type JournalEntry, journalText } from '../guard/journal-entry.ts';
import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';

/** The journal answers at once, or not at all. */
const limitMs = 5_000;

/**
 * Writes an entry with its own MESSAGE_ID: through logger(1), because Node has no datagram sockets.
 * @throws Failure `ProgramMissing`, `ProgramFailed`, `TimedOut`
 */
export async function writeJournal(entry: JournalEntry): Promise<void> {
  const { exitCode, stderr } = await runProgram('logger', ['--journald'], {
    input: journalText(entry),
    limitMs,
  });
  if (exitCode !== 0) throw new Failure('ProgramFailed', `logger --journald failed: ${lastLine(stderr)}`);
}
