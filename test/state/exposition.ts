/**
 * Reads Prometheus' text format 0.0.4 as its specification has it ("Exposition formats", "Text format details"), and with what
 * node_exporter's textfile collector and `promtool check metrics` ask besides: no timestamps, help for every metric.
 * @returns each series with its value
 */
export function readExposition(text: string): Map<string, number> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const series = new Map<string, number>();
  const seen = new Map<string, { help: boolean; type: boolean; closed: boolean }>();
  let current = '';
  const enter = (name: string): { help: boolean; type: boolean; closed: boolean } => {
    if (name !== current) {
      const before = seen.get(current);
      if (before !== undefined) before.closed = true;
      current = name;
    }
    const known = seen.get(name) ?? { help: false, type: false, closed: false };
    if (known.closed) throw new Error(`the lines of ${name} are not together`);
    seen.set(name, known);
    return known;
  };
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, named, rest] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line) ?? [];
    if (word === 'HELP' && named !== undefined) {
      if (enter(named).help || !/^(?:[^\\]|\\\\|\\n)+$/.test(rest ?? '')) throw new Error(`help: ${line}`);
      enter(named).help = true;
      continue;
    }
    if (word === 'TYPE' && named !== undefined) {
      const known = enter(named);
      const sampled = [...series.keys()].some((key) => key.split('{')[0] === named);
      if (known.type || sampled || rest !== 'gauge' || named.endsWith('_total'))
        throw new Error(`type: ${line}`);
      known.type = true;
      continue;
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|NaN)$/.exec(line);
    if (sample === null) throw new Error(`neither comment nor sample: ${line}`);
    const [, name = '', labels, value = ''] = sample;
    const known = enter(name);
    if (!known.help || !known.type) throw new Error(`${name} has no help or no type`);
    const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"`;
    if (labels !== undefined && !new RegExp(`^${label}(?:,${label})*,?$`).test(labels))
      throw new Error(`labels: ${line}`);
    const key = labels === undefined ? name : `${name}{${labels}}`;
    if (series.has(key)) throw new Error(`twice: ${key}`);
    series.set(key, Number(value));
  }
  return series;
}
