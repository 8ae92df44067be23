export interface Wake {
  /** Something happened: idle time begins anew, and conditions are looked at. */
  readonly touch: () => void;
  /** Resolves when the condition holds at a touch, or holds already. */
  readonly until: (condition: () => boolean) => Promise<void>;
  /** Resolves once nothing was touched for the idle time while `busy` said no. */
  readonly idle: (busy: () => boolean) => Promise<void>;
  readonly end: () => void;
}

export function createWake(idleMs: number): Wake {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let onIdle = (): void => {};
  const touch = (): void => {
    timer?.refresh();
    for (const listener of listeners) listener();
  };
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  const idle = (busy: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onIdle = () => (busy() ? void timer?.refresh() : resolve());
      timer = setTimeout(() => onIdle(), idleMs);
    });
  return { touch, until, idle, end: () => clearTimeout(timer) };
}
