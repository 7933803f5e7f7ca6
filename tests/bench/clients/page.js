// What runs in the page: a module that bench.js imports there.

let getToken;
let script;

/** Loads a contender; `given` is the rest of what it is made with. */
export async function load(name, endpoint, given) {
  script = `${location.origin}/${name}.js`;
  const { default: create } = await import(script);
  getToken = create(endpoint, given);
}

/** Milliseconds from the arrival of the script's last byte to the first token. */
export async function cold(...contender) {
  await load(...contender);
  if (!(await getToken())) throw new Error('no token');
  return performance.now() - performance.getEntriesByName(script)[0].responseEnd;
}

/** Nanoseconds for a call, once there is a token. */
export async function cached(durationMs) {
  await getToken();
  const start = performance.now();
  let calls = 0;
  for (let tookMs = 0; tookMs < durationMs; tookMs = performance.now() - start)
    for (const end = calls + 1000; calls < end; calls++) await getToken();
  return ((performance.now() - start) / calls) * 1e6;
}

/** How many of so many concurrent calls got a token, and how many an error, in the time given. */
export async function burst(callers, maxMs) {
  const results = { tokens: 0, errors: 0 };
  const calls = Array.from({ length: callers }, () => getToken());
  const settled = Promise.all(
    calls.map((call) =>
      call.then(
        () => results.tokens++,
        () => results.errors++,
      ),
    ),
  );
  await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, maxMs))]);
  return { ...results };
}
