/** A module with the introspection data in it: the program is bundled, and one file that it must find at run time is one that can be lost. */
export function moduleText(xml: string): string {
  if (/[`\\]|\$\{/.test(xml))
    throw new Error('the introspection data has characters that a template would read');
  return `// Made of org.boundimages1.xml by test/dbus/generate.ts.\nexport const interfaceXml = \`${xml}\`;\n`;
}
