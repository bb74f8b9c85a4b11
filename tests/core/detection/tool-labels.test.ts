import { inferLabels, statedLabels, toolLabels } from '../../../core/detection/tool-labels.ts';

describe('inferLabels', () => {
  it.each([
    ['get_user_details', { source: 'untrusted', reads: 'private', effect: 'none' }],
    ['search_web', { source: 'untrusted', reads: 'public', effect: 'none' }],
    ['calculate', { source: 'trusted', reads: 'internal', effect: 'none' }],
    ['send_email', { source: 'untrusted', reads: 'private', effect: 'egress' }],
    ['delete_file', { source: 'untrusted', reads: 'internal', effect: 'destroy' }],
    ['bash', { source: 'untrusted', reads: 'internal', effect: 'exec' }],
    ['frobnicate', { source: 'untrusted', reads: 'internal', effect: 'write' }],
  ])('reads %s by its words', (name, labels) => {
    expect(inferLabels(name)).toEqual(labels);
  });
});

describe('toolLabels', () => {
  const tool = { name: 'get_order', labels: { reads: 'public', effect: 'write' } } as const;

  it('puts the grant before the event, and the event before the name', () => {
    const profile = { grantedTools: [{ name: 'get_*', labels: { reads: 'private' as const } }] };
    expect(toolLabels(tool, profile)).toEqual({ source: 'untrusted', reads: 'private', effect: 'write' });
    expect(statedLabels(tool, null)).toEqual({ reads: 'public', effect: 'write' });
  });
});
