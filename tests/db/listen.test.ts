import { listen } from '../../db/listen.ts';
import { createTestDatabase, openTestPool } from '../support/database.ts';
import { databaseAway } from '../support/api.ts';
import { until } from '../support/until.ts';

describe('listening', () => {
  it('hears notices, and after a lost connection says that some may have been missed and hears again', async () => {
    const database = await createTestDatabase();
    const heard: string[] = [];
    let connections = 0;
    const listener = listen(database.appSql, {
      channel: 'mg_key',
      onNotice: (text) => void heard.push(text),
      onConnect: () => (connections += 1),
      onError: () => undefined,
    });
    try {
      await until(() => connections === 1);
      await database.appSql`select pg_notify('mg_key', 'one')`;
      await until(() => heard.includes('one'));
      const admin = openTestPool({ url: database.adminUrl, maxConnections: 1 });
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`;
      await admin.end();
      await until(() => connections === 2);
      await database.appSql`select pg_notify('mg_key', 'two')`;
      await until(() => heard.includes('two'));
    } finally {
      await listener.stop();
      await database.drop();
    }
  });

  it('keeps trying while the database is away, and stops when told', async () => {
    const sql = databaseAway();
    let errors = 0;
    const listener = listen(sql, { channel: 'mg_key', onNotice: () => undefined, onConnect: () => undefined, onError: () => (errors += 1), retryMs: 10 });
    await until(() => errors > 1);
    await listener.stop();
    await sql.end({ timeout: 1 });
  });
});
