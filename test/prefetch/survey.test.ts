import { expect, test } from 'vitest';
import { surveyOf } from '../../src/prefetch/survey.ts';
import { definition, inventory, storedImage } from '../support/samples.ts';

const one = 'example.com/app:1';
const two = 'example.com/app:2';
const boundSet = { definitions: [definition(one), definition(two)], problems: [] };

test('what is bound against what is stored', () => {
  const { assessments, problems } = surveyOf(boundSet, inventory([storedImage(one)]));
  expect(assessments.map(({ want, kind }) => [want.image, kind])).toEqual([
    [one, 'present'],
    [two, 'missing'],
  ]);
  expect(problems).toEqual([]);
});

test('two bound names on one stored image are a warning at the second', () => {
  const both = storedImage(one, { names: [two, one] });
  const { problems } = surveyOf(boundSet, inventory([both]));
  expect(problems).toMatchObject([
    { code: 'two-names', file: definition(two).file, line: 2, severity: 'warning', failsBootc: false },
  ]);
  expect(problems[0]?.text).toContain(`${two} and ${one} are one image`);
});
