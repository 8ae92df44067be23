const key = 'shell:style';

/** Light or dark as the user has chosen in Cockpit's menu, which keeps it in the browser and tells open pages; else as the desktop is. */
export function followStyle(): void {
  const desktop = window.matchMedia('(prefers-color-scheme: dark)');
  let chosen = localStorage.getItem(key) ?? 'auto';
  const apply = (): void => {
    const dark = chosen === 'dark' || (chosen === 'auto' && desktop.matches);
    document.documentElement.classList.toggle('pf-v6-theme-dark', dark);
  };
  const choose = (style: unknown): void => {
    chosen = typeof style === 'string' ? style : (localStorage.getItem(key) ?? 'auto');
    apply();
  };
  desktop.addEventListener('change', apply);
  // Of another window; the shell sends its own event to the pages in this one.
  window.addEventListener('storage', (event) => {
    if (event.key === key) choose(event.newValue);
  });
  window.addEventListener('cockpit-style', (event) => {
    if (event instanceof CustomEvent) choose((event.detail as { style?: unknown } | null)?.style);
  });
  apply();
}
