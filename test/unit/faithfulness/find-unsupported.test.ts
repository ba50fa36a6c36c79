import { describe, expect, test } from 'vitest';
import { findUnsupported } from '../../../src/faithfulness/find-unsupported.ts';
import { seededRandom } from '../preprocessing/random.ts';

async function numbers(summary: string, source: string): Promise<string[]> {
  return (await findUnsupported(summary, source)).numbers.map(({ text }) => text);
}

async function names(summary: string, source: string): Promise<string[]> {
  return (await findUnsupported(summary, source)).names.map(({ text }) => text);
}

describe('a number', () => {
  test.each([
    ['1,000', '1000'],
    ['1000', '1,000'],
    ['1 000 000', 'about 1,000,000 of them'],
    ["1'000", '1 000'],
    ['1.000', '1,000'],
    ['2.5', '2,50'],
    ['1,234.50', '1 234,5'],
    ['12,34,567', '1234567'],
    ['5%', 'five percent'],
    ['five percent', '5%'],
    ['21st', '21'],
    ['$2.5 million', '2,500,000 dollars'],
    ['2,500,000', '2.5 million'],
    ['2.5m', '£2.5 million'],
    ['2.5bn', '2,500 million'],
    ['3 hundred', '300'],
    ['twenty-five', '25'],
    ['two hundred and fifty thousand', '250,000'],
    ['250,000', 'two hundred and fifty thousand'],
    ['3', 'the third of them'],
    ['2', 'both of them'],
    ['2019-20', 'from 2019 to 20'],
    ['10:30', 'at 10 or 30'],
    ['1.2.3', 'version 1.2.3'],
    ['F-16', 'an F16'],
    ['007', '7'],
    ['٣٤', '34'],
    ['12', '１２'],
    ['1990s', 'in 1990'],
    ['the one', 'nothing'],
    ['March 2,2019', 'March 2, 2019'],
  ])('%s is in "%s"', async (summary, source) => {
    expect(await numbers(`It was ${summary} there.`, source)).toEqual([]);
  });

  test.each([
    ['1,001', '1,000 and 1000'],
    ['25', '2 and 5 and 250 and 2.5'],
    ['2.5 million', '2.5 billion'],
    ['2.5 million', '2.5'],
    ['1.5', '15'],
    ['three', '2 people'],
    ['twenty-six', 'twenty-five and six'],
    ['200,000', '200'],
    ['2020', '2019'],
  ])('%s is not in "%s"', async (summary, source) => {
    expect(await numbers(`It was ${summary} there.`, source)).toEqual([summary]);
  });

  test('is cited where it stands, with what belongs to it, in order', async () => {
    const summary = 'In 1999 two dogs had 2.5 million fleas.';
    const { numbers: found } = await findUnsupported(summary, 'Nothing.');
    expect(found.map(({ text }) => text)).toEqual(['1999', 'two', '2.5 million']);
    for (const { text, start, end } of found) expect(summary.slice(start, end)).toBe(text);
  });

  test('that may have been cut off may be the beginning of another', async () => {
    expect(await numbers('The storm cost 20', 'It cost 2019 lives.')).toEqual([]);
    expect(await numbers('The storm cost 20.', 'It cost 2019 lives.')).toEqual(['20']);
    expect(await numbers('The storm cost 21', 'It cost 2019 lives.')).toEqual(['21']);
  });
});

describe('a name', () => {
  test.each([
    ['Angela Merkel', 'ANGELA MERKEL was there'],
    ['Merkel’s party', "Merkel's and others"],
    ["O'Brien", 'O’Brien'],
    ['Beyoncé', 'Beyonce'],
    ['the U.S. Navy', 'the US navy'],
    ['the US', 'U.S.A. and U.S. ships'],
    ['Coca-Cola', 'coca cola'],
    ['the Cooperative', 'a co-operative'],
    ['the Americans', 'an American'],
    ['a Russian', 'Russia'],
    ['what I have and I’m', 'nothing'],
    ['vitamin C', 'nothing'],
    ['the ﬁnal Ofﬁce', 'the office'],
  ])('%s is in "%s"', async (summary, source) => {
    expect(await names(`The man saw ${summary} there.`, `The man saw there ${source}`)).toEqual([]);
  });

  test.each([
    ['Angela Merkel', 'Angela Smith', ['Merkel']],
    ['Angela Merkel', 'a man', ['Angela Merkel']],
    ['Jean-Luc Picard', 'a man', ['Jean-Luc Picard']],
    ['iPhones', 'a phone', ['iPhones']],
    ['Paris, Rome and Oslo', 'Rome', ['Paris', 'Oslo']],
    ['Köln', 'a town', ['Köln']],
    ['Москву', 'a town', ['Москву']],
  ])('%s is not in "%s"', async (summary, source, found) => {
    expect(await names(`The man saw ${summary} there.`, `The man saw there ${source}`)).toEqual(found);
  });

  test('is not what only begins a sentence, a quotation or a line', async () => {
    const summary = 'However, it rained. Researchers said so. "Nobody came," he said: Rain is bad.\nYesterday - Perhaps.';
    expect(await names(summary, 'it rained')).toEqual([]);
  });

  test('may begin a sentence if it is one by another sign', async () => {
    expect(await names('NASA said so. McDonald agreed.', 'nothing')).toEqual(['NASA', 'McDonald']);
    expect(await names('Merkel said so, and then Merkel left.', 'said so')).toEqual(['Merkel', 'Merkel']);
    expect(await names('Angela Merkel said so.', 'said so')).toEqual(['Angela Merkel']);
    expect(await names('He met Dr. Smith and J. Jones.', 'He met')).toEqual(['Dr', 'Smith', 'Jones']);
  });

  test('is not looked for in a headline, but in a list', async () => {
    expect(await names('Storm Kills Four People And Destroys Many Houses in Ohio', 'nothing')).toEqual([]);
    expect(await names('He saw Ada, Bob, Cid, Dan, Eve, Fay, Gus, Hal.', 'He saw Ada, Bob, Cid, Dan, Eve, Fay, Gus.')).toEqual([
      'Hal',
    ]);
  });

  test('that may have been cut off may be the beginning of another', async () => {
    expect(await names('They saw Mart', 'Martinez')).toEqual([]);
    expect(await names('They saw Mart.', 'Martinez')).toEqual(['Mart']);
  });
});

describe('a summary', () => {
  test('without numbers and names lacks nothing, and an empty one neither', async () => {
    expect(await findUnsupported('', '')).toEqual({ numbers: [], names: [] });
    expect(await findUnsupported('it rained', '')).toEqual({ numbers: [], names: [] });
  });

  test('made of sentences of a long source lacks nothing, wherever they stand, and what was altered is found', async () => {
    const random = seededRandom(11);
    const name = () =>
      `${String.fromCharCode(65 + random(26))}${'aeiou'[random(5)]}${'lmnrst'[random(6)]}${'aeiou'[random(5)]}x${random(2) === 0 ? '' : 'ton'}`;
    const sentences = Array.from(
      { length: 1000 },
      () =>
        `On that day ${name()} ${name()} met ${random(1_000_000).toLocaleString('en')} people in ${name()} for ${random(900) / 10} hours.`,
    );
    const source = sentences.join(' ');
    for (let run = 0; run < 8; run++) {
      const summary = Array.from({ length: 3 }, () => sentences[random(sentences.length)]!).join(' ');
      expect(await findUnsupported(summary, source)).toEqual({ numbers: [], names: [] });
      const altered = summary.replace(/met [\d,]+/, 'met 7,000,001').replace(/in \w+/, 'in Qwertystadt');
      const { numbers: n, names: m } = await findUnsupported(altered, source);
      expect([n.map(({ text }) => text), m.map(({ text }) => text)]).toEqual([['7,000,001'], ['Qwertystadt']]);
    }
  });

  test.each(['Aa Bb ', '1 234 ', '1,234,', 'twenty one ', "a'", 'A.', '"(', '.', '字', '\u0301', ' ', 'x', '1', '-'])(
    'and its source may be %j over and over: time is in proportion',
    async (unit) => {
      const timeOf = async (length: number) => {
        const text = unit.repeat(Math.ceil(length / unit.length));
        const startMs = performance.now();
        await findUnsupported('On Sunday 42 of five Aa saw it.', text);
        await findUnsupported(text, 'On Sunday 42 of five Aa saw it.');
        return performance.now() - startMs;
      };
      await timeOf(10_000);
      const short = await timeOf(20_000);
      // Eight times as long; what is quadratic would take 64 times as long.
      expect(await timeOf(160_000)).toBeLessThan(24 * short + 300);
    },
  );
});
