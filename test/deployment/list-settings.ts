type Environment = Readonly<Record<string, string | undefined>>;

/** Accepted where a number, and refused where a URL is asked for; either way every variable has been looked at. */
const ANY_VALUE = '1';

/** The names of the variables that a `readConfig` looks at, found by letting it look, sorted. */
export function listSettings(readConfig: (env: Environment) => unknown): string[] {
  const names = new Set<string>();
  for (const value of [undefined, ANY_VALUE]) {
    const env = new Proxy<Record<string, string | undefined>>(
      {},
      {
        get(_target, name) {
          if (typeof name === 'string') names.add(name);
          return value;
        },
      },
    );
    try {
      readConfig(env);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConfigError') throw error;
    }
  }
  return [...names].sort();
}
