import { readFileSync } from 'node:fs';

/** One instruction of a Dockerfile: `COPY`, and what comes after it on its line and those that continue it. */
interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** What is between one FROM and the next. */
export interface Stage {
  readonly instructions: readonly Instruction[];
  /** The texts of all instructions of a kind. */
  readonly all: (keyword: string) => readonly string[];
  /** The words of the JSON array that the last instruction of a kind is; throws if it is none. */
  readonly exec: (keyword: string) => readonly string[];
}

/** Reads a Dockerfile; the last stage is the image. */
export function readDockerfile(path: string): readonly Stage[] {
  const lines = readFileSync(path, 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, keyword, text] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') stages.push([]);
    if (keyword !== undefined && text !== undefined) stages.at(-1)?.push({ keyword, text });
  }
  return stages.map(toStage);
}

/** The variables of a stage. */
export function variablesOf(stage: Stage): Record<string, string> {
  const pairs = stage.all('ENV').flatMap((text) => text.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}

/** Where the files of a COPY come from, an earlier stage or the project, and to where. */
export function readCopy(text: string): {
  readonly from: string | undefined;
  readonly sources: string[];
  readonly target: string;
} {
  const words = text.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1)! };
}

function toStage(instructions: readonly Instruction[]): Stage {
  const all = (keyword: string) => instructions.filter((one) => one.keyword === keyword).map(({ text }) => text);
  return {
    instructions,
    all,
    exec: (keyword) =>
      JSON.parse(
        all(keyword)
          .at(-1)!
          .replace(/^[^[]*/, ''),
      ) as string[],
  };
}
