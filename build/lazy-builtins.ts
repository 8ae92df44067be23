import { createRequire } from 'node:module';
import type { Plugin } from 'rolldown';

const prefix = '\0lazy:';
const require = createRequire(import.meta.url);

/**
 * Has modules of node loaded with the first thing that is used of them, not with the file that imports them: crypto takes a fifth
 * of the time that node itself takes to start, and most runs need none of it.
 * @param names with `node:`; of what such a module has only what this node has too is there
 */
export function lazyBuiltins(names: readonly string[]): Plugin {
  return {
    name: 'lazy-builtins',
    resolveId: {
      filter: { id: names.map((name) => new RegExp(`^${name}$`)) },
      handler: (name, importer) =>
        importer?.startsWith(prefix) === true ? { id: name, external: true } : `${prefix}${name}`,
    },
    load: {
      filter: { id: new RegExp(`^${prefix}`) },
      handler(id) {
        const name = id.slice(prefix.length);
        const keys = Object.keys(require(name) as object);
        const getters = keys.map((key) => `get ${key}() { return load().${key}; }`);
        return {
          code: `const load = () => require('${name}'); module.exports = { ${getters.join(', ')} };`,
          moduleType: 'js',
        };
      },
    },
  };
}
