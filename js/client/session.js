// `persist: 'session'`: keeps the token in sessionStorage for the next page view. Other tabs and origins cannot read
// it. If storage is blocked or full, nothing is kept.

/** @param {string} key different for each source */
export const sessionFor = (key) => {
  const attempt = (run) => {
    try {
      return run(sessionStorage);
    } catch {}
  };
  return {
    read: () =>
      attempt((storage) => {
        const token = JSON.parse(storage.getItem(key));
        if (token.expiresAt > Date.now()) return token;
      }),
    write: (token) => attempt((storage) => storage.setItem(key, JSON.stringify(token))),
    clear: () => attempt((storage) => storage.removeItem(key)),
  };
};
