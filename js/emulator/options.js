// Checks options. An error names the option.

/** The caller passed a wrong option. `option` is its name; `advice` is how to correct it. */
export class OptionError extends TypeError {
  constructor(option, advice) {
    super(`${option}: ${advice}`);
    this.name = 'OptionError';
    this.code = 'invalid_option';
    this.option = option;
    this.advice = advice;
  }
}

export const LIFETIME_MAX_S = 31_536_000;

/** Returns `value` if it is a number from `min` to `max` (whole, unless `fraction`). */
export function checkNumber(option, value, min, max, { fraction = false, unit = '' } = {}) {
  if (typeof value == 'number' && value >= min && value <= max && (fraction || Number.isInteger(value))) return value;
  throw new OptionError(
    option,
    `give a ${fraction ? '' : 'whole '}number${unit && ` of ${unit}`} from ${min} to ${max}`,
  );
}

export function checkFlag(option, value) {
  if (typeof value == 'boolean') return value;
  throw new OptionError(option, 'give true or false');
}

export function checkChoice(option, value, choices) {
  if (choices.includes(value)) return value;
  throw new OptionError(option, `choose one of ${choices.join(', ')}`);
}

/** Throws for what is not a plain object: an array has no names, and a module may have other exports. */
export function checkObject(option, value, example) {
  const type = Object.prototype.toString.call(value);
  if (type == '[object Module]') throw new OptionError(option, 'give what the module exports, not the module itself');
  if (type != '[object Object]') throw new OptionError(option, `give an object, such as ${example}`);
}

/** Throws for a name that is not in `known`. Otherwise a misspelt option would be ignored silently. */
export function checkNames(given, known, what) {
  for (const name of Object.keys(given))
    if (!known.includes(name)) throw new OptionError(name, `there is no such ${what}; there are ${known.join(', ')}`);
}
