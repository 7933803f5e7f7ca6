// What Emscripten's libc asks of its host. Which functions these are differs from version to version (3.1.6 reports
// that memory grew, 3.1.69 also closes files), and the emulator needs none of them: it has no files and no environment.

/** "Not supported", as WASI counts errors: libc goes on without. */
const ENOSYS = 52;

/**
 * @param {WebAssembly.Module} module
 * @param {string} ours the module name of our own imports
 * @returns {WebAssembly.Imports} a function for each import that is not ours
 */
export function libcImports(module, ours) {
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from == ours || kind != 'function') continue;
    imports[from] ??= {};
    imports[from][name] = () => ENOSYS;
  }
  return imports;
}
