/** What stands in a path for the parameters of its pattern. */
export type PathParameters = Readonly<Record<string, string>>;

const PARAMETER = /\{(\w+)\}/g;

/** A pattern as `/models/{alias}` in the router's own spelling. */
export function toRouterPath(pattern: string): string {
  return pattern.replace(PARAMETER, ':$1');
}

/** The parameters of a path that was percent-decoded; undefined if the pattern does not match it. */
export function matchPath(pattern: string, path: string): PathParameters | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [i, segment] of wanted.entries()) {
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
    const value = given[i]!;
    if (name !== undefined && value !== '') parameters[name] = value;
    else if (segment !== value) return undefined;
  }
  return parameters;
}

/** The path that a pattern has with these parameters, percent-encoded. */
export function fillPath(pattern: string, parameters: PathParameters): string {
  return pattern.replace(PARAMETER, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
}
