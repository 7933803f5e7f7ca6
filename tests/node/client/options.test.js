// Wrong options throw immediately, with the name of the option.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';
import { createFromAccessToken, createFromDomainKey } from '../../../dist/inbenta-auth.js';
import { failsWith, fakeApi } from './fake-api.js';

const make = (options) => () => createFromDomainKey('d', 'k', options);

/** A validator for assert.throws: invalid_config with this hint. */
const names = (pattern) => (error) => failsWith('invalid_config')(error) && (assert.match(error.hint, pattern), true);

test('unknown options and options of another flow are refused by name', () => {
  for (const name of [
    'minValidity',
    'Endpoint',
    'timeout',
    'toString',
    '__proto__x',
    'flow',
    'apiKey',
    'credential',
    'reauthorize',
    'expiration',
    'accessToken',
    'userPersonalSecret',
  ])
    assert.throws(make({ [name]: 'x' }), names(new RegExp(`"${name}"`)), name);
  for (const name of ['persist', 'domainKeyName', 'expires_in', 'apis'])
    assert.throws(() => createFromAccessToken('t', 'k', { [name]: 'session' }), names(new RegExp(`"${name}"`)));
  const noOptions = ['https://api.inbenta.io/v1', 7, null, true, () => {}, [], new URL('https://a.example'), new Map()];
  for (const options of [...noOptions, Promise.resolve({})]) assert.throws(make(options), failsWith('invalid_config'));
  make()();
  make({})();
});

test('wrong types are refused by name; undefined counts as missing', () => {
  const wrong = {
    endpoint: [7, null, new URL('https://a.example/v1')],
    connectionEntryPoint: [7, null],
    autoRefresh: ['true', 0, null],
    shareAcrossTabs: [1],
    minValidityMs: ['30', null, NaN, -1, Infinity],
    timeoutMs: ['10', {}, -1, NaN],
    wasm: [7],
    environment: [7, null, 'a\r\nb', '\u{1f600}'],
    source: [{}, 'a\0b'],
    userType: [true, null, NaN, Infinity, '1\n2'],
    allowInsecure: ['no'],
    log: ['x', {}],
    domainKeyName: [7],
    persist: [true],
  };
  for (const name in wrong) {
    for (const value of wrong[name])
      assert.throws(make({ [name]: value }), names(new RegExp(name)), `${name}: ${value}`);
    make({ [name]: undefined })();
  }
  assert.throws(make({ persist: 'local' }), names(/session/));
  assert.throws(make({ domainKeyName: 'two words' }), names(/domainKeyName/));
  assert.throws(() => createFromAccessToken('t', 'k', { reauthorize: '/token' }), names(/reauthorize/));
  for (const endpoint of ['api.inbenta.io/v1', 'localhost:8080/v1', '//api.inbenta.io/v1', ''])
    assert.throws(make({ endpoint }), names(/^endpoint .* begins with https:\/\//), endpoint);
  make({ source: 'Español', environment: '' })();
  make({ userType: 3, domainKeyName: 'domain_key', persist: 'session', log() {} })();
});

test('connectionEntryPoint is the endpoint without a version', async (t) => {
  const { endpoint, requests } = await fakeApi(t);
  for (const [number, tail] of ['', '/', '//', '/v1', '/ '].entries()) {
    const client = createFromDomainKey(`d${number}`, 'k', {
      connectionEntryPoint: endpoint.replace('/v1', tail),
      wasm: (await import('./fake-api.js')).wasm,
    });
    t.after(() => client.dispose());
    await client.getToken();
    assert.equal(requests.at(-1).url, '/v1/auth', tail);
  }
  assert.throws(
    make({ connectionEntryPoint: 'https://api.inbenta.io/', endpoint: 'https://api.inbenta.io/v1' }),
    names(/not both/),
  );
  assert.throws(make({ connectionEntryPoint: 'http://api.inbenta.io/' }), failsWith('insecure_endpoint'));
});

test('an endpoint of inbenta.io needs a path, and the error names /v1; other hosts may have no path', () => {
  for (const endpoint of [
    'https://api.inbenta.io',
    'https://api.inbenta.io/',
    'https://api-eu.inbenta.io',
    'HTTPS://API.INBENTA.IO/',
  ])
    assert.throws(make({ endpoint }), names(/\/v1\./), endpoint);
  for (const endpoint of [
    'https://api.inbenta.io/v1',
    'https://auth.example',
    'https://notinbenta.io',
    'https://inbenta.io.example',
  ])
    make({ endpoint })();
});

test('only own properties count: a polluted Object.prototype does not redirect a key', async () => {
  // A separate process, because the pollution affects the whole process.
  const code = `
    import { createServer } from 'node:http';
    import { createFromSecret } from 'inbenta-auth/server';
    const counts = { good: 0, evil: 0 };
    const serve = async (name) => {
      const server = createServer((request, response) => {
        counts[name]++;
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"accessToken":"t","expires_in":1200,"apis":{}}');
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      server.unref();
      return 'http://127.0.0.1:' + server.address().port + '/v1';
    };
    const [good, evil] = [await serve('good'), await serve('evil')];
    for (const name of ['endpoint', 'connectionEntryPoint']) Object.prototype[name] = evil;
    Object.prototype.allowInsecure = true;
    Object.prototype.wasm = evil;
    Object.prototype.log = (entry) => (counts.evil++);
    Object.prototype.forceRefresh = true;
    const client = createFromSecret('the-secret', 'k', { endpoint: good });
    await client.getToken();
    await client.getToken({}); // the same token
    client.dispose();
    let refused;
    try { createFromSecret('the-secret', 'k', { endpoint: 'http://evil.example/v1' }); } catch ({ code }) { refused = code; }
    console.log(JSON.stringify([counts.good, counts.evil, refused]));
    process.exit();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    cwd: new URL('../../..', import.meta.url),
  });
  assert.deepEqual(JSON.parse(stdout), [1, 0, 'insecure_endpoint']);
});
