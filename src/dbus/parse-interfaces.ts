import { Failure } from '../model/failure.ts';

export interface Argument {
  readonly name: string;
  readonly type: string;
}

export interface Method {
  readonly in: readonly Argument[];
  readonly out: readonly Argument[];
}

export interface Property {
  readonly type: string;
  /** How PropertiesChanged tells of it: with its value, by its name alone, or never. */
  readonly changes: 'true' | 'invalidates' | 'const';
}

export interface Interface {
  readonly name: string;
  /** The `<interface>` element as it stands in the text. */
  readonly text: string;
  readonly methods: ReadonlyMap<string, Method>;
  readonly signals: ReadonlyMap<string, readonly Argument[]>;
  readonly properties: ReadonlyMap<string, Property>;
}

type Members = Pick<Interface, 'methods' | 'signals' | 'properties'>;

const emitsChanged = 'org.freedesktop.DBus.Property.EmitsChangedSignal';
const interfacePattern = /<interface name="([^"]+)">[\s\S]*?<\/interface>/g;
const commentPattern = /<!--[\s\S]*?-->/g;

/**
 * The interfaces of introspection data that we wrote ourselves, by name. It is no reader of others' XML: attributes in double quotes,
 * no entities. What is in an interface is read when it is first asked for: whoever has activated the agent asks for one or two.
 * @throws Failure `Internal`, then, where the text says something else than this reads
 */
export function parseInterfaces(xml: string): ReadonlyMap<string, Interface> {
  const texts = [...xml.matchAll(interfacePattern)];
  return new Map(texts.map(([text, name = '']) => [name, interfaceOf(name, text)]));
}

function interfaceOf(name: string, text: string): Interface {
  let parsed: Members | undefined;
  const members = (): Members => (parsed ??= parseMembers(text));
  return {
    name,
    text,
    get methods() {
      return members().methods;
    },
    get signals() {
      return members().signals;
    },
    get properties() {
      return members().properties;
    },
  };
}

/** The signature that arguments make. */
export function signatureOf(items: readonly Argument[]): string {
  return items.map(({ type }) => type).join('');
}

function parseMembers(text: string): Members {
  const methods = new Map<string, { in: Argument[]; out: Argument[] }>();
  const signals = new Map<string, Argument[]>();
  const properties = new Map<string, { type: string; changes: Property['changes'] }>();
  let member = { kind: '', name: '' };
  for (const [, tag = '', rest = ''] of text.replaceAll(commentPattern, '').matchAll(/<(\w+)([^>]*)>/g)) {
    const attributes = new Map(
      [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    const attribute = (key: string): string => attributes.get(key) ?? '';
    const name = attribute('name');
    if (tag === 'method' || tag === 'signal' || tag === 'property') member = { kind: tag, name };
    switch (tag) {
      case 'interface':
        break;
      case 'method':
        methods.set(name, { in: [], out: [] });
        break;
      case 'signal':
        signals.set(name, []);
        break;
      case 'property':
        properties.set(name, { type: attribute('type'), changes: 'true' });
        break;
      case 'arg': {
        const argument = { name, type: attribute('type') };
        if (member.kind === 'signal') signals.get(member.name)?.push(argument);
        else methods.get(member.name)?.[attribute('direction') === 'out' ? 'out' : 'in'].push(argument);
        break;
      }
      case 'annotation': {
        const property = properties.get(member.name);
        if (property !== undefined && name === emitsChanged)
          property.changes = attribute('value') as Property['changes'];
        break;
      }
      default:
        throw new Failure('Internal', `the introspection data has an element <${tag}>`);
    }
  }
  return { methods, signals, properties };
}
