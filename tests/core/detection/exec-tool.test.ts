import { isExecTool, runnableArgs } from '../../../core/detection/exec-tool.ts';

describe('isExecTool', () => {
  it.each(['bash', 'run_command', 'executeCode', 'python', 'powershell'])('takes %s for a tool that runs code', (name) => {
    expect(isExecTool({ name }, null)).toBe(true);
  });

  it.each(['execute_trade', 'run_report', 'get_code', 'book_flight'])('does not take %s for one', (name) => {
    expect(isExecTool({ name }, null)).toBe(false);
  });

  it('believes the label', () => {
    expect(isExecTool({ name: 'helper', labels: { effect: 'exec' } }, null)).toBe(true);
  });
});

describe('runnableArgs', () => {
  it('gives every string of such a tool, and only code-named ones of others', () => {
    const args = { text: 'hello', cmd: 'ls' };
    expect(runnableArgs({ name: 'bash', args }, null).length).toBe(2);
    expect(runnableArgs({ name: 'note', args }, null).map(({ key }) => key)).toEqual(['cmd']);
  });
});
