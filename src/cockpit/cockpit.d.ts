/** What the page uses of the host's ../base1/cockpit.js (Cockpit's guide, "API: base1"). The build maps the module to its global. */
declare module 'cockpit' {
  /** Language of the user, as in `de` or `pt_BR`. */
  export const language: string;
  export function gettext(text: string): string;
  export function ngettext(one: string, many: string, count: number): string;
  /** `$0`, `$1`, ... of the template are replaced. */
  export function format(template: string, ...values: readonly (string | number)[]): string;
  /** Goes to another page of Cockpit. */
  export function jump(path: string): void;
  /** @returns what the program printed; rejects with an Error where it failed */
  export function spawn(
    argv: readonly string[],
    options: { readonly superuser?: 'try' | 'require'; readonly err?: 'message' | 'ignore' },
  ): Promise<string>;

  export interface Match {
    readonly path?: string;
    readonly path_namespace?: string;
    readonly interface: string;
    readonly member?: string;
  }

  export interface BusClient {
    /** Variants are `{t, v}`, dictionaries with text keys objects, structs arrays. Rejects with an Error: `name`, `message`, `problem`. */
    call(
      path: string,
      interfaceName: string,
      method: string,
      args: readonly unknown[],
      options: { readonly type: string },
    ): Promise<unknown[]>;
    subscribe(
      match: Match,
      callback: (path: string, interfaceName: string, member: string, args: unknown[]) => void,
    ): { remove(): void };
    /** The unique name of the service, null once it has left the bus. */
    addEventListener(name: 'owner', listener: (event: unknown, owner: string | null) => void): void;
    addEventListener(name: 'close', listener: () => void): void;
    close(): void;
  }

  /** Starts the service, where the bus can. `superuser`: through the bridge of administrative access. */
  export function dbus(
    name: string | null,
    options: { readonly bus: 'system' | 'internal'; readonly superuser?: 'require' },
  ): BusClient;
}

/** Bundled beside the script. */
declare module '*.css';
