import { canRun } from '../../integrations/peers/install.ts';
import { compare, differencesOf } from './compare.ts';
import { missingFor, runSubject, type SubjectReport } from './run-subject.ts';
import { COMPARED, type Subject } from './subject.ts';
import { clientOf } from './table.ts';

const OURS = COMPARED.flatMap(({ bare, wrapped }) => wrapped.filter(({ wrapper }) => wrapper === 'mastguard').map((subject) => ({ bare, subject })));
/** A process on Node that lives through more than twenty behaviours, three times. */

describe.each(OURS.map(({ bare, subject }) => [titleOf(subject), bare, subject] as const))('%s', (_title, bare, subject) => {
  const maybe = missingFor(bare) === undefined || process.env['CI'] === 'true' ? test : test.skip;
  let plain: SubjectReport;
  let wrapped: SubjectReport;

  beforeAll(async () => {
    if (maybe === test) [plain, wrapped] = await Promise.all([runSubject(bare), runSubject(subject)]);
  });

  maybe('the wrapped client behaves as the bare one', () => {
    const { differing, behaviours } = compare(plain.observations, wrapped.observations);
    expect(behaviours).toBeGreaterThan(20);
    expect(differing).toEqual([]);
  });

  maybe('every request was governed', () => {
    const { unseen, asked } = compare(plain.observations, wrapped.observations);
    expect(asked).toBeGreaterThan(40);
    expect(unseen).toEqual([]);
  });

  maybe('where everything is refused, nothing leaves', () => {
    expect(compare(plain.observations, wrapped.observations).leaked).toEqual([]);
  });

  // Otherwise an observation that always fails in the same way would pass for the same behaviour.
  maybe('the bare client does what it is asked to', () => {
    const thrown = plain.observations.filter(({ noticed }) => (noticed as { caller: object }).caller.hasOwnProperty('threw'));
    expect(thrown.map(({ behaviour }) => behaviour)).toEqual([]);
  });
});

describe('a wrapper that is known to differ', () => {
  const [name, isThere] = ['@langfuse/openai', canRun('@langfuse/openai')];
  const maybe = isThere ? it : it.skip;
  const compareOnly = async (only: string) => {
    const subject = { client: 'OpenAI', sdk: 'openai' } as const;
    const [plain, wrapped] = await Promise.all((['none', 'langfuse'] as const).map((wrapper) => runSubject({ ...subject, wrapper }, { only })));
    return compare(plain?.observations ?? [], wrapped?.observations ?? []);
  };

  maybe(`is found to differ, and to miss requests (${name}${isThere ? '' : ' is not installed in tests/integrations/peers'})`, async () => {
    expect((await compareOnly('withResponse')).differing).toMatchObject([{ behaviour: 'withResponse' }]);
    expect((await compareOnly('raw client.post')).unseen).toMatchObject([
      { requests: ['POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings'] },
    ]);
  });
});

describe('comparing what was noticed', () => {
  const observation = (noticed: unknown) => ({ behaviour: 'create', noticed, asked: 1, unseen: [], leaked: [] });

  it('names where two answers differ, with both values', () => {
    expect(differencesOf({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }], c: null })).toEqual(['.a.1.b: 2 became 3', '.c: nothing became null']);
  });

  it('counts a behaviour that was not observed as different', () => {
    expect(compare([observation(1)], []).differing).toEqual([{ behaviour: 'create', at: ['it was not observed'] }]);
  });

  it('reports requests that were not seen, and those that left although all was refused', () => {
    const wrapped = { ...observation(1), asked: 2, unseen: ['POST /v1/responses'], leaked: ['POST /v1/embeddings'] };
    expect(compare([observation(1)], [wrapped])).toEqual({
      differing: [],
      behaviours: 1,
      asked: 2,
      unseen: [{ behaviour: 'create', requests: ['POST /v1/responses'] }],
      leaked: [{ behaviour: 'create', requests: ['POST /v1/embeddings'] }],
    });
  });

  it('takes a wrapper that refuses nothing for what it is', () => {
    expect(compare([observation(1)], [{ ...observation(1), leaked: null }]).leaked).toBeNull();
  });
});

function titleOf(subject: Subject): string {
  const missing = missingFor(subject);
  return `${clientOf(subject)}${subject.sdk === 'openai7' ? ' 7' : ''}${missing === undefined ? '' : ` (${missing})`}`;
}
