// A service worker. It has no document and no XMLHttpRequest.
importScripts('/dist/inbenta-auth.min.js');
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', ({ data, ports }) =>
  InbentaAuthSDK.createFromDomainKey('the-domain-key', 'the-api-key', data)
    .getToken()
    .then(
      ({ accessToken }) => ports[0].postMessage(accessToken),
      ({ message }) => ports[0].postMessage(message),
    ),
);
