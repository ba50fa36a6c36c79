/** One thing that was looked at. */
export interface Check {
  /** Of the part of the report that it stands in. */
  readonly section: 'versions' | 'machine' | 'models' | 'network' | 'parity';
  readonly name: string;
  readonly value: string;
  /** `warning`: it works, but not as well as it could; `problem`: something does not work. */
  readonly status: 'ok' | 'warning' | 'problem';
  /** What to do about it. */
  readonly remedy?: string;
}

/** Makes the checks of a section. */
export function checksOf(section: Check['section']) {
  return {
    ok: (name: string, value: string): Check => ({ section, name, value, status: 'ok' }),
    warning: (name: string, value: string, remedy: string): Check => ({ section, name, value, status: 'warning', remedy }),
    problem: (name: string, value: string, remedy: string): Check => ({ section, name, value, status: 'problem', remedy }),
  };
}
