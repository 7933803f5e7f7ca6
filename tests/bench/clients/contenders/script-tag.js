// dist/inbenta-auth.min.js stands before this, as its tag does in a page.
export default (endpoint) => {
  const client = InbentaAuthSDK.createFromDomainKey('domain-key', 'api-key', { endpoint });
  return () => client.getToken();
};
