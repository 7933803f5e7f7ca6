// A stand-in for Inbenta's chatbot SDK, as a script of a page. It has the functions that docs/beside-inbenta-sdks.md
// names, with their published parameters. It refuses other arguments and records every call.

globalThis.InbentaChatbotSDK = (() => {
  const text = (value, name) => {
    if (typeof value != 'string' || !value) throw new TypeError(`${name} is not a text`);
    return value;
  };
  const object = (value, name) => {
    if (typeof value != 'object' || !value) throw new TypeError(`${name} is not an object`);
    return value;
  };
  const authorizations = new WeakSet();
  const given = [];

  return {
    /** The recorded calls, in order: [function, token]. */
    given,

    createFromAccessToken(accessToken, inbentaKey) {
      const authorization = {
        accessToken: text(accessToken, 'accessToken'),
        inbentaKey: text(inbentaKey, 'inbentaKey'),
      };
      authorizations.add(authorization);
      given.push(['createFromAccessToken', accessToken]);
      return authorization;
    },

    build(authorization, configuration) {
      if (!authorizations.has(authorization)) throw new TypeError('this is no authorization');
      object(configuration, 'configuration');
      given.push(['build', authorization.accessToken]);
      return { actions: {}, subscriptions: {} };
    },

    async apiClient({ accessToken, expiration, expires_in: expiresIn, apis }, configuration, inbentaKey) {
      for (const [name, value] of Object.entries({ expiration, expires_in: expiresIn }))
        if (!Number.isInteger(value) || value <= 0) throw new TypeError(`${name} is not a whole number`);
      text(object(apis, 'apis').chatbot, 'apis.chatbot');
      object(configuration, 'configuration');
      text(inbentaKey, 'inbentaKey');
      given.push(['apiClient', text(accessToken, 'accessToken')]);
      return { api: {} };
    },
  };
})();
