import * as fc from 'fast-check';
import { destructiveStatement } from '../../../core/detection/destructive-statements.ts';

const find = (text: string): string | null => destructiveStatement(text, { anchored: false });

describe('destructiveStatement', () => {
  it.each([
    'DROP TABLE orders',
    'truncate table x;',
    'delete from users',
    'DELETE FROM users WHERE 1=1',
    "delete from t where id=4 or 'a'='a'",
    'update users set role = 1',
    'ALTER TABLE a DROP COLUMN b',
    'db.orders.drop()',
    'rm -rf ./build',
    'git push origin main --force',
    'kubectl delete pod a',
    'terraform -chdir=x destroy',
    'find . -name x -delete',
  ])('recognises %j', (text) => {
    expect(find(text)).not.toBeNull();
  });

  it.each([
    'select * from orders',
    'delete from orders where id = 7',
    'update users set role = 1 where id = 7',
    'insert into drop_points values (1)',
    'git push --force-with-lease',
    'rm notes.txt',
    'drop table of contents in the manual',
    'delete from your list what is sold',
    'kubectl get pods',
  ])('leaves %j alone', (text) => {
    expect(find(text)).toBeNull();
  });

  it('takes prose for prose: anchored, only text that starts with the statement counts', () => {
    expect(destructiveStatement('Shall we drop table seven at the restaurant?', { anchored: true })).toBeNull();
    expect(destructiveStatement('  drop table orders', { anchored: true })).toBe('sql.drop');
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.boolean(), (text, anchored) =>
        expect(typeof destructiveStatement(text, { anchored })).toMatch(/string|object/),
      ),
    );
  });
});
