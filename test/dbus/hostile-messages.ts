import { type Value, type Variant, variant } from '../../src/dbus/value.ts';
import { writeValues } from '../../src/dbus/write-values.ts';

export interface Hostile {
  readonly name: string;
  /** What goes over the socket once the bus has given a name, which knows the sender's first call as serial 1. */
  readonly bytes: () => Buffer;
}

const manager = 'org.boundimages1.Manager';
const properties = 'org.freedesktop.DBus.Properties';
const root = '/org/boundimages1';

interface Parts {
  readonly type?: number;
  readonly flags?: number;
  readonly version?: number;
  readonly serial?: number;
  readonly path?: string;
  readonly name?: string | undefined;
  readonly member?: string;
  readonly signature?: string;
  readonly body?: Buffer | readonly Value[];
  readonly more?: readonly (readonly [code: number, value: Variant])[];
}

/** A call of the service as the parts say, whether or not it is one that the specification allows. */
function message(parts: Parts): Buffer {
  const { type = 1, flags = 0, version = 1, serial = 2, path = root, member = 'Refresh', more = [] } = parts;
  const name = 'name' in parts ? parts.name : manager;
  const { signature = '', body = [] } = parts;
  const bytes = Buffer.isBuffer(body) ? body : writeValues(signature, body);
  const fields: (readonly [number, Variant])[] = [
    [1, variant('o', path)],
    ...(name === undefined ? [] : [[2, variant('s', name)] as const]),
    [3, variant('s', member)],
    [6, variant('s', 'org.boundimages1')],
    ...(signature === '' ? [] : [[8, variant('g', signature)] as const]),
    ...more,
  ];
  const header = writeValues('yyyyuua(yv)', [0x6c, type, flags, version, bytes.length, serial, fields]);
  return Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8), bytes]);
}

const options = (...entries: [string, Variant][]): readonly Value[] => [new Map(entries)];
const withOption = (key: string, value: Variant): Buffer =>
  message({ signature: 'a{sv}', body: options([key, value]) });
const get = (name: string, property: string): Buffer =>
  message({ name: properties, member: 'Get', signature: 'ss', body: [name, property] });
const nested = (depth: number): Variant => (depth === 0 ? variant('y', 1) : variant('v', nested(depth - 1)));
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A dictionary of one entry "deep" with a variant whose bytes are given. */
const oddVariant = (signature: string, content: Buffer): Buffer => {
  const entry = Buffer.concat([
    hex('04000000'),
    Buffer.from('deep\0'),
    Buffer.from([signature.length]),
    Buffer.from(`${signature}\0`),
  ]);
  const padded = Buffer.concat([entry, Buffer.alloc((4 - (entry.length % 4)) % 4), content]);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(padded.length);
  return Buffer.concat([length, padded]);
};

/** Get of the version, every number with its high byte first: a good call. */
function bigEndian(first = 0x42): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.alloc(4 + value.length + 1);
    bytes.writeUInt32BE(value.length);
    bytes.write(value, 4);
    return bytes;
  };
  const padded = (bytes: Buffer, to: number): Buffer =>
    Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);
  const field = (code: number, type: string, value: string): Buffer =>
    padded(
      type === 'g'
        ? Buffer.concat([
            Buffer.from([code, 1]),
            Buffer.from(`g\0`),
            Buffer.from([value.length]),
            Buffer.from(`${value}\0`),
          ])
        : Buffer.concat([Buffer.from([code, 1]), Buffer.from(`${type}\0`), text(value)]),
      8,
    );
  const fields = Buffer.concat([
    field(1, 'o', root),
    field(2, 's', properties),
    field(6, 's', 'org.boundimages1'),
    field(8, 'g', 'ss'),
    Buffer.concat([Buffer.from([3, 1]), Buffer.from('s\0'), text('Get')]),
  ]);
  const body = Buffer.concat([padded(text(manager), 4), text('Version')]);
  const fixed = Buffer.alloc(16);
  fixed.set([first, 1, 0, 1]);
  fixed.writeUInt32BE(body.length, 4);
  fixed.writeUInt32BE(2, 8);
  fixed.writeUInt32BE(fields.length, 12);
  return Buffer.concat([padded(Buffer.concat([fixed, fields]), 8), body]);
}

const named = (name: string, bytes: () => Buffer): Hostile => ({ name, bytes });

export const hostileMessages: readonly Hostile[] = [
  named('a descriptor without descriptors', () => message({ signature: 'h', body: hex('00000000') })),
  named('an array of descriptors', () => message({ signature: 'ah', body: hex('04000000 00000000') })),
  named('a descriptor in an option', () =>
    message({ signature: 'a{sv}', body: oddVariant('h', hex('00000000')) }),
  ),
  named('a header that promises a descriptor', () =>
    message({ signature: 'a{sv}', body: options(), more: [[9, variant('u', 1)]] }),
  ),
  ...['', 's', 'as', 'a{ss}', 'a{sv}a{sv}', 'v', 'ay', 'a(sv)'].map((signature) =>
    named(`signature "${signature}" for a{sv}`, () =>
      message({ signature, body: Buffer.alloc(signature === '' ? 0 : 8) }),
    ),
  ),
  named('a body without signature', () => message({ body: hex('0000000000000000') })),
  named('a signature without body', () => message({ signature: 'a{sv}', body: Buffer.alloc(0) })),
  named('a signature of nothing', () => message({ signature: '()', body: Buffer.alloc(0), more: [] })),
  named('a signature with a variant for a key', () =>
    message({ signature: 'a{vs}', body: hex('00000000 00000000') }),
  ),
  named('a signature 33 arrays deep', () =>
    message({ signature: `${'a'.repeat(33)}y`, body: hex('00000000') }),
  ),
  named('a signature 33 structs deep', () =>
    message({ signature: `${'('.repeat(33)}y${')'.repeat(33)}`, body: hex('00000000') }),
  ),
  named('twenty-five thousand image names', () =>
    message({
      member: 'Prefetch',
      signature: 'asa{sv}',
      body: [Array.from({ length: 25_000 }, () => 'x'), new Map()],
    }),
  ),
  named('a body just beyond the limit', () =>
    message({ member: 'GetImage', signature: 's', body: ['x'.repeat(256 * 1024)] }),
  ),
  named('a body of 8 MiB', () =>
    message({ member: 'GetImage', signature: 's', body: ['x'.repeat(8 * 1024 * 1024)] }),
  ),
  named('an array that says it has 4 GiB', () =>
    message({ signature: 'a{sv}', body: hex('ffffffff 00000000') }),
  ),
  named('a text that says it has 2 GiB', () =>
    message({ member: 'GetImage', signature: 's', body: hex('ffffff7f 6100') }),
  ),
  named('variants 60 deep', () => withOption('deep', nested(60))),
  named('variants 100 deep', () => withOption('deep', nested(100))),
  named('variants 60,000 deep', () =>
    message({ signature: 'a{sv}', body: oddVariant('v', Buffer.from('\u0001v\0'.repeat(60_000))) }),
  ),
  ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', ''].map((key) =>
    named(`option ${JSON.stringify(key)}`, () => withOption(key, variant('b', true))),
  ),
  named('ten thousand options', () =>
    message({
      signature: 'a{sv}',
      body: options(
        ...Array.from({ length: 10_000 }, (_, n): [string, Variant] => [`k${n}`, variant('y', 1)]),
      ),
    }),
  ),
  ...['__proto__', 'constructor', 'toString'].flatMap((text) => [
    named(`property ${text}`, () => get(manager, text)),
    named(`properties of ${text}`, () =>
      message({ name: properties, member: 'GetAll', signature: 's', body: [text] }),
    ),
    named(`method ${text}`, () => message({ member: text })),
    named(`interface a.${text}`, () => message({ name: `a.${text}`, member: text })),
    named(`path /${text}`, () => message({ path: `/${text}` })),
    named(`job ${text}`, () =>
      message({
        path: `${root}/job/${text}`,
        name: 'org.boundimages1.Job',
        member: 'Cancel',
        signature: 'a{sv}',
        body: options(),
      }),
    ),
  ]),
  named('a job with a number beyond all numbers', () =>
    message({
      path: `${root}/job/${'9'.repeat(100)}`,
      name: 'org.boundimages1.Job',
      member: 'Cancel',
      signature: 'a{sv}',
      body: options(),
    }),
  ),
  named('Set of a read-only property', () =>
    message({
      name: properties,
      member: 'Set',
      signature: 'ssv',
      body: [manager, 'State', variant('s', 'damaged')],
    }),
  ),
  named('Set of a property that is none', () =>
    message({
      name: properties,
      member: 'Set',
      signature: 'ssv',
      body: [manager, '__proto__', variant('s', 'x')],
    }),
  ),
  named('Set without a value', () =>
    message({ name: properties, member: 'Set', signature: 'ss', body: [manager, 'State'] }),
  ),
  named('a text that is not UTF-8', () =>
    message({ member: 'GetImage', signature: 's', body: hex('02000000 c3 28 00') }),
  ),
  named('a NUL in a text', () =>
    message({ member: 'GetImage', signature: 's', body: hex('02000000 61 00 00') }),
  ),
  named('a boolean of 2', () => message({ signature: 'a{sv}', body: oddVariant('b', hex('02000000')) })),
  named('an object path that is none', () =>
    message({ signature: 'a{sv}', body: oddVariant('o', hex('01000000 78 00')) }),
  ),
  named('the other byte order, in a good call', () => bigEndian()),
  named('the other byte order only by its mark', () => bigEndian(0x6c)),
  named('a byte order that is none', () => bigEndian(0x00)),
  named('half a message', () => message({ signature: 'a{sv}', body: options() }).subarray(0, 100)),
  named('half a header', () => message({}).subarray(0, 9)),
  named('no interface', () => message({ name: undefined, signature: 'a{sv}', body: options() })),
  named('a signal to it alone', () => message({ type: 4, signature: 's', body: ['x'] })),
  named("the bus's signal, not from the bus", () =>
    message({
      type: 4,
      path: '/org/freedesktop/DBus',
      name: 'org.freedesktop.DBus',
      member: 'NameOwnerChanged',
      signature: 'sss',
      body: ['org.boundimages1', ':1.1', ''],
    }),
  ),
  named('answers that nobody asked for', () =>
    Buffer.concat(
      Array.from({ length: 200 }, (_, n) =>
        message({
          type: 2 + (n % 2),
          serial: n + 2,
          more: [
            [5, variant('u', n)],
            [4, variant('s', 'org.x.Error')],
          ],
        }),
      ),
    ),
  ),
  named('serial 0', () => message({ serial: 0 })),
  named('a type that is none', () => message({ type: 9 })),
  named('version 7 of the protocol', () => message({ version: 7 })),
  named('a path of 200,000 bytes', () => message({ path: `/${'x'.repeat(200_000)}` })),
  named('a member of 300 bytes', () => message({ member: 'x'.repeat(300) })),
  named('a text of 200,000 bytes', () =>
    message({ member: 'Plan', signature: 'sa{sv}', body: ['\u{1f4a9}'.repeat(50_000), new Map()] }),
  ),
  named('two thousand calls that want no answer', () =>
    Buffer.concat(
      Array.from({ length: 2_000 }, (_, n) =>
        message({ flags: 1, serial: n + 2, signature: 'a{sv}', body: options() }),
      ),
    ),
  ),
  named('five hundred calls for everything, answers unread', () =>
    Buffer.concat(
      Array.from({ length: 500 }, (_, n) =>
        message({ serial: n + 2, name: 'org.freedesktop.DBus.ObjectManager', member: 'GetManagedObjects' }),
      ),
    ),
  ),
  named('work that needs an authorization', () =>
    message({ member: 'Upgrade', signature: 'a{sv}', body: options(['apply', variant('b', true)]) }),
  ),
];
