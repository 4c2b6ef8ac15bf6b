type Environment = Readonly<Record<string, string | undefined>>;

/** Accepted where a number is asked for, refused where a URL is; either way the variable has been looked at. */
const ANY_VALUE = '1';

/**
 * The names of the variables that a function looks at in an environment, found by letting it look, sorted. What it looks
 * at may depend on what it finds: so each variable is also given alone, and missing alone.
 */
export function listSettings(read: (env: Environment) => unknown): string[] {
  const names = new Set<string>();
  const look = (give: (name: string) => string | undefined) => {
    const get = (_target: object, name: string | symbol) => {
      if (typeof name !== 'string') return undefined;
      names.add(name);
      return give(name);
    };
    try {
      read(new Proxy<Record<string, string | undefined>>({}, { get }));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConfigError') throw error;
    }
  };
  look(() => undefined);
  look(() => ANY_VALUE);
  // A set hands out what is added to it meanwhile.
  for (const single of names) {
    look((name) => (name === single ? ANY_VALUE : undefined));
    look((name) => (name === single ? undefined : ANY_VALUE));
  }
  return [...names].sort();
}
