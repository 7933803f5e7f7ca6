import { createFromDomainKey } from '../../../../dist/inbenta-auth.js';

export default (endpoint) => {
  const client = createFromDomainKey('domain-key', 'api-key', { endpoint });
  return () => client.getToken();
};
