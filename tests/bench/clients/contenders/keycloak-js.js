import Keycloak from 'keycloak-js';

export default (url, { session }) => {
  const keycloak = new Keycloak({ url, realm: 'bench', clientId: 'bench' });
  let ready;
  return async () => {
    // init refreshes what it is given.
    await (ready ??= keycloak.init({
      token: session.id_token,
      refreshToken: session.id_token,
      checkLoginIframe: false,
    }));
    await keycloak.updateToken(30);
    return keycloak.token;
  };
};
