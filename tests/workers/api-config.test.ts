import express from 'express';
import { readConfig } from '../../workers/config.ts';
import { apiConfigOf } from '../../workers/roles/api.ts';

const ENV = { DATABASE_URL: 'postgres://mg_app@127.0.0.1/mastguard', MASTGUARD_MASTER_KEY: 'ab'.repeat(32) };

test.each([undefined, '0', '2', 'loopback, linklocal, uniquelocal', '10.1.0.0/16, 192.0.2.1/32, 2001:db8::/128, ::ffff:10.0.0.0/104'])(
  'the proxies of the environment (%s) reach the API, in a form that Express takes',
  (value) => {
    const config = readConfig([], { ...ENV, TRUST_PROXY: value });
    expect(apiConfigOf(config).trustProxy).toEqual(config.trustProxy);
    expect(() => express().set('trust proxy', apiConfigOf(config).trustProxy)).not.toThrow();
  },
);

test('requests per minute reach the API as the limit of an organisation', () => {
  expect(apiConfigOf(readConfig([], { ...ENV, RATE_LIMIT_PER_MINUTE: '7' })).rateLimit).toEqual({ burst: 7, windowMs: 60_000 });
});
