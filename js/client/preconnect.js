// Makes the browser connect to the API while the module loads, so that the first token needs one round trip less.

/** @param {string} href */
export function preconnect(href) {
  try {
    const link = Object.assign(document.createElement('link'), { rel: 'preconnect', href, crossOrigin: '' });
    document.head.append(link);
    link.remove(); // browsers connect as soon as it is in the document, and the connection stays open
  } catch {} // there is no document, or markup shadows its members
}
