/** The lines of a unit's journal from its last start on: what was before has nothing to do with why it failed. */
export function sinceLastStart(lines: readonly string[]): readonly string[] {
  // Process 1 says so in English, whatever the language of the user.
  const start = lines.findLastIndex((line) => line.startsWith('Starting '));
  return start < 0 ? lines : lines.slice(start);
}
