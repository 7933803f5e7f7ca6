// `persist: 'session'`: the token outlives a page view, in sessionStorage, which other tabs and origins cannot read.
// Where storage is blocked or full, there is none.

/** @param {string} key what tells one source's token from another's */
export const sessionFor = (key) => {
  const attempt = (run) => {
    try {
      return run(sessionStorage);
    } catch {}
  };
  return {
    read: () => attempt((storage) => JSON.parse(storage.getItem(key))),
    write: (token) => attempt((storage) => storage.setItem(key, JSON.stringify(token))),
    clear: () => attempt((storage) => storage.removeItem(key)),
  };
};
