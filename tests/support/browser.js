// How Debian's browsers are started, for the demo and the tests.

export const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Playwright switches off what people's browsers have.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
};

// By WebDriver BiDi, which Firefox as released speaks.
export const FIREFOX = { channel: 'moz-firefox', executablePath: '/usr/bin/firefox-esr' };
