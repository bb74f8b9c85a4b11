import { admit } from '../../../../sdk/agent/src/wrap/admit.ts';
import { FORBIDDEN, type NotingGovernor, notingGovernor } from '../../../support/noting-governor.ts';

const settings = { stream: 'window', windowChars: 256, onBlockedStream: 'throw', toolCalls: 'govern', allowUngoverned: false } as const;

const user = (content: string) => ({ role: 'user', content });
const said = (content: string) => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: content }] });
const call = (id: string, name: string) => ({ type: 'function_call', call_id: id, name, arguments: '{}' });
const output = (id: string, text: string) => ({ type: 'function_call_output', call_id: id, output: text });

describe('a question to the Responses API', () => {
  let governor: NotingGovernor;
  beforeEach(() => {
    governor = notingGovernor();
  });

  /** What is asked about with a question, in short. */
  const askedWith = async (...input: object[]): Promise<string[]> => {
    governor.asked.length = 0;
    await admit({ method: 'post', path: '/responses', body: { model: 'm-1', input } }, { governor, settings, provider: 'openai' });
    return governor.asked.map(({ channel, tool, content }) => `${tool?.name ?? channel}: ${content ?? ''}`);
  };
  const turns = [user('go'), said('I look'), call('c1', 'read_mail'), output('c1', 'one'), said('and'), call('c2', 'read_page'), output('c2', 'two')];

  it('has every output of an answer judged, also where calls and outputs stand in turns', async () => {
    expect(await askedWith(...turns)).toEqual(['read_mail: one', 'read_page: two']);
  });

  it('has an output judged once, however often it is sent, and again where it has changed', async () => {
    await askedWith(user('go'), call('c1', 'read_mail'), output('c1', 'one'));
    expect(await askedWith(...turns)).toEqual(['read_page: two']);
    expect(await askedWith(...turns.with(3, output('c1', 'another one')))).toEqual(['read_mail: another one', 'read_page: two']);
  });

  it('that was refused has its outputs judged again', async () => {
    const question = [...turns, user(FORBIDDEN)];
    await expect(askedWith(...question)).rejects.toThrow('a forbidden word');
    expect(await askedWith(...turns)).toEqual(['read_mail: one', 'read_page: two']);
  });

  it('with a new word of the user behind the outputs has them judged all the same', async () => {
    expect(await askedWith(...turns, user('and this'))).toEqual(['user: and this', 'read_mail: one', 'read_page: two']);
  });

  it('of a later turn has only what is new judged', async () => {
    expect(await askedWith(...turns, said('done'), user('thanks'))).toEqual(['user: thanks']);
    expect(await askedWith(...turns, said('done'), user('thanks'), call('c3', 'wait'), output('c3', 'three'))).toEqual(['wait: three']);
  });
});
