// A WebAssembly module as text, for builds that contain it. The text is printable ASCII without quotes and backslashes,
// so a string literal needs no escapes. It compresses nearly as well as the module: a byte below 91 is one character,
// and most bytes are. base64 compresses worse, because it hides repetitions.

const FIRST = 35; // '#': 35 to 126 without the backslash are 91 characters
const BACKSLASH = 92;
const NO_SIGN = 31; // ' ' is the sign for 1, '!' for 2

/** The byte `count * 91 + rest` becomes a sign for `count` (nothing for 0) and a character for `rest`. */
const signFor = (count) => (count ? String.fromCharCode(NO_SIGN + count) : '');

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function encode(bytes) {
  const character = (rest) => String.fromCharCode(rest + FIRST + Number(rest + FIRST >= BACKSLASH));
  return Array.from(bytes, (byte) => signFor(Math.floor(byte / 91)) + character(byte % 91)).join('');
}

/**
 * @param {string} text of encode
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decode(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let more = 0;
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < FIRST) more = 91 * (code - NO_SIGN);
    else {
      bytes[length++] = more + code - FIRST - Number(code > BACKSLASH);
      more = 0;
    }
  }
  return bytes.slice(0, length);
}
