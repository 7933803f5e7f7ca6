// Starts Debian's browsers, for the demo and the tests.

export const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
  // Playwright would switch off features that users' browsers have.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
};

// Over WebDriver BiDi, because released versions of Firefox support it.
export const FIREFOX = { channel: 'moz-firefox', executablePath: '/usr/bin/firefox-esr' };
