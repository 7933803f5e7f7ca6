// The functions that Emscripten's libc imports. They differ between versions: 3.1.6 reports that memory grew, 3.1.69
// also closes files. The emulator needs none of them, because it has no files and no environment.

/** WASI's error number for "not supported". libc then continues without the function. */
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
