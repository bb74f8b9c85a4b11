import { OutboundRefused, outboundFailure } from '../../../activities/outbound/outbound-error.ts';

test.each([
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['EPROTO', 'tls'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['ECONNREFUSED', 'network'],
  ['ENOTFOUND', 'network'],
  ['UND_ERR_SOCKET', 'network'],
  ['UND_ERR_HEADERS_OVERFLOW', 'network'],
])('%s is a failure of kind %s', (code, kind) => {
  const cause = Object.assign(new Error('x'), { code });
  expect(outboundFailure(cause, 'hooks.example')).toMatchObject({
    name: 'OutboundFailed',
    code: kind,
    cause,
    message: expect.stringMatching(/: hooks\.example$/),
  });
});

test('what has no code is a failure of the network', () => {
  expect([outboundFailure(new Error('x'), 'a').code, outboundFailure(null, 'a').code, outboundFailure('x', 'a').code]).toEqual([
    'network',
    'network',
    'network',
  ]);
});

test('a refusal names the host where there is one', () => {
  expect(new OutboundRefused('port-refused', 'hooks.example').message).toBe('the port is not allowed: hooks.example');
  expect(new OutboundRefused('bad-url', '').message).toBe('the URL is not valid');
});
