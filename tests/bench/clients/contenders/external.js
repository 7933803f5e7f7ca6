// Two files: the script, and the WebAssembly module beside it.
import { createFromDomainKey } from '../../../../dist/external.js';

export default (endpoint) => {
  const client = createFromDomainKey('domain-key', 'api-key', { endpoint });
  return () => client.getToken();
};
