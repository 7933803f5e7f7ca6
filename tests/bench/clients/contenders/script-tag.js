// dist/inbenta-auth.min.js stands before this, as its tag does in a page.
export default (endpoint) => {
  const client = InbentaAuth.createFromDomainKey('domain-key', 'api-key', { endpoint });
  return () => client.getToken();
};
