// What may be wrong with options, reported by the option's name.

/** A mistake of the caller. `option` is its name, `advice` what to do. */
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
  throw new OptionError(option, `give a ${fraction ? '' : 'whole '}number${unit && ` of ${unit}`} from ${min} to ${max}`);
}

/** Throws for what `known` does not have: a misspelt option would go unseen. */
export function checkNames(given, known, what) {
  for (const name of Object.keys(given)) if (!known.includes(name)) throw new OptionError(name, `there is no such ${what}; there are ${known.join(', ')}`);
}
