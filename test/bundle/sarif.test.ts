import { expect, test } from 'vitest';
import { type Finding, finding } from '../../src/bundle/finding.ts';
import { allRules } from '../../src/bundle/lint-rules.ts';
import { sarifOf } from '../../src/bundle/sarif.ts';
import { problem } from '../../src/model/problem-codes.ts';

interface Log {
  readonly $schema: string;
  readonly version: string;
  readonly runs: readonly [Run];
}
interface Run {
  readonly tool: { readonly driver: Readonly<Record<string, unknown>> & { readonly rules: readonly Rule[] } };
  readonly results: readonly Result[];
}
interface Rule {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly help: { readonly text: string; readonly markdown: string };
  readonly defaultConfiguration: { readonly level: string };
}
interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region?: { readonly startLine: number };
      };
    },
  ];
}

const findings: readonly Finding[] = [
  problem('bootc-auth-file', { file: '/usr/share/containers/systemd/a b.image', line: 3 }, 'text'),
  finding('nothing-bound', { file: '/usr/lib/bootc/bound-images.d' }, 'text'),
];

function logOf(root: string): Log {
  return JSON.parse(JSON.stringify(sarifOf(findings, { version: '1.2.3', root }))) as Log;
}

// What the JSON schema of SARIF 2.1.0 demands of what is written here: required properties, enumerations, types and minima.
test('the log has what the schema requires, and nothing it does not know', () => {
  const log = logOf('/');
  // sarifLog 3.13: version and runs.
  expect(Object.keys(log).sort()).toEqual(['$schema', 'runs', 'version']);
  expect(log.version).toBe('2.1.0');
  // run 3.14: tool; columnKind 3.14.17 is an enumeration.
  const [run] = log.runs;
  expect(Object.keys(run).sort()).toEqual(['columnKind', 'results', 'tool']);
  expect(run).toHaveProperty('columnKind', 'utf16CodeUnits');
  // toolComponent 3.19: name; rules are unique.
  const { driver } = run.tool;
  expect(Object.keys(driver).sort()).toEqual(['name', 'rules', 'semanticVersion']);
  expect(new Set(driver.rules.map(({ id }) => id)).size).toBe(driver.rules.length);
  for (const rule of driver.rules) {
    // reportingDescriptor 3.49: id; multiformatMessageString 3.12: text.
    expect(Object.keys(rule).sort()).toEqual(['defaultConfiguration', 'help', 'id', 'shortDescription']);
    expect(rule.shortDescription.text).not.toBe('');
    expect(rule.help.text).toContain('Fix: ');
    expect(rule.help.markdown).toContain('**Fix:** ');
    // level 3.50.3.
    expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level);
  }
  for (const result of run.results) {
    // result 3.27: message; message 3.11: text or id; ruleIndex leads to the rule of ruleId.
    expect(Object.keys(result).sort()).toEqual(['level', 'locations', 'message', 'ruleId', 'ruleIndex']);
    expect(result.message.text).not.toBe('');
    expect(driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    // artifactLocation 3.4.3: a relative URI reference, RFC 3986.
    expect(artifactLocation.uri).toMatch(/^(?:[\w.~-]|%[0-9A-F]{2})+(?:\/(?:[\w.~-]|%[0-9A-F]{2})+)*$/);
    // region 3.30.5: a line counts from 1.
    if (region !== undefined) expect(region.startLine).toBeGreaterThanOrEqual(1);
  }
  expect(run.results.map(({ level }) => level)).toEqual(['error', 'note']);
  expect(run.results[0]?.message.text).toContain("bootc's upgrades");
});

test('paths are those of the checkout where the root is named relative to it', () => {
  const uriOf = (root: string): string | undefined =>
    logOf(root).runs[0].results[0]?.locations[0].physicalLocation.artifactLocation.uri;
  expect(uriOf('/')).toBe('usr/share/containers/systemd/a%20b.image');
  expect(uriOf('/var/tmp/build')).toBe('usr/share/containers/systemd/a%20b.image');
  expect(uriOf('rootfs')).toBe('rootfs/usr/share/containers/systemd/a%20b.image');
  expect(uriOf('./os/rootfs/')).toBe('os/rootfs/usr/share/containers/systemd/a%20b.image');
  expect(uriOf('.')).toBe('usr/share/containers/systemd/a%20b.image');
});

test('every rule says why it matters and how it is mended', () => {
  for (const [id, { why, fix }] of allRules)
    expect([id, why.length > 10, fix.length > 5]).toEqual([id, true, true]);
});
