import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPages } from '../../api/pages.ts';
import type { PageViews } from '../../api/pages.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mastguard-pages-'));
  writeFileSync(join(directory, 'style.css'), 'body { margin: 0 }');
});
afterEach(() => rmSync(directory, { recursive: true }));

const MESSAGE: PageViews['message'] = { chrome: { title: 'T', member: null, links: [] }, heading: 'H', text: 'x', requestId: 'r' };
const render = (template: string, view: object): string => {
  writeFileSync(join(directory, 'message.hbs'), template);
  return loadPages(directory).render('message', { ...MESSAGE, ...view });
};

describe('templates', () => {
  it('throw over a member that is not there instead of leaving a gap', () => {
    expect(() => render('{{heading}} {{missing}}', {})).toThrow(/missing/);
  });

  it('that are broken stop the start, not a reader', () => {
    writeFileSync(join(directory, 'message.hbs'), '{{#if heading}}');
    expect(() => loadPages(directory)).toThrow(/Parse error/);
  });

  it('know no helpers but the built-in ones', () => {
    writeFileSync(join(directory, 'message.hbs'), '{{shout heading}}');
    expect(() => loadPages(directory)).toThrow(/unknown helper shout/);
  });

  it('escape every value and evaluate none', () => {
    expect(render('<p title="{{text}}">{{heading}}</p>', { heading: '<script>{{text}}</script>', text: `"' onload=x` })).toBe(
      '<p title="&quot;&#x27; onload&#x3D;x">&lt;script&gt;{{text}}&lt;/script&gt;</p>',
    );
  });

  it('reach no prototype', () => {
    expect(() => render('{{text.constructor.name}}', {})).toThrow();
  });

  it('of the product all load', () => {
    expect(loadPages().render('message', MESSAGE)).toContain('<h1>H</h1>');
  });
});

describe('the stylesheet', () => {
  it('has another name when it has other content', () => {
    const before = loadPages(directory).stylesheet;
    writeFileSync(join(directory, 'style.css'), 'body { margin: 1px }');
    expect(loadPages(directory).stylesheet.path).not.toBe(before.path);
    expect(before.text).toBe('body { margin: 0 }');
  });
});
