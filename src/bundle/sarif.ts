import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { allRules } from './lint-rules.ts';

export interface SarifOptions {
  /** Of this program. */
  readonly version: string;
  /** Folder of the root as the user named it, `rootfs`: a relative one comes before each path, so that they are those of a checkout. */
  readonly root: string;
}

/**
 * Findings as a log that code scanners read (SARIF 2.1.0, sections 3.13 sarifLog, 3.19 toolComponent, 3.27 result). Every rule is told,
 * also those that found nothing. Paths are relative URIs.
 */
export function sarifOf(findings: readonly Finding[], { version, root }: SarifOptions): object {
  const ids = [...allRules.keys()];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'bound-images',
            semanticVersion: version,
            rules: [...allRules].map(([id, { severity, why, fix }]) => ({
              id,
              shortDescription: { text: sentence(why) },
              help: {
                text: `${sentence(why)} Fix: ${fix}.`,
                markdown: `${sentence(why)}\n\n**Fix:** ${fix}.`,
              },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ code, severity, text, file, line, failsBootc }) => ({
          ruleId: code,
          ruleIndex: ids.indexOf(code),
          level: severity,
          message: { text: failsBootc ? `${text} bootc's upgrades and prunes fail on it.` : text },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(file, root) },
                ...(line === undefined ? {} : { region: { startLine: line } }),
              },
            },
          ],
        })),
      },
    ],
  };
}

function uriOf(file: string, root: string): string {
  const prefix = posix.isAbsolute(root) ? '' : root;
  const path = posix.join(prefix, file).replace(/^\/+/, '');
  return path.split('/').map(encodeURIComponent).join('/');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
