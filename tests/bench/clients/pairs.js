// Pairs of measurements: what one takes in times of another that was measured right before or after it, so that what
// else the machine does meets both alike.

/**
 * The median of the pairs' ratios, and the interval that holds the true median in 95 of 100 runs: the ranks that a fair
 * coin's heads leave out in 2.5 % of the cases at each end.
 * @param {number[]} times
 * @param {number[]} references as many
 * @returns {{median: number, low: number, high: number}}
 */
export function ratioOfPairs(times, references) {
  const ratios = times.map((time, i) => time / references[i]).sort((a, b) => a - b);
  const n = ratios.length;
  let rank = 0;
  for (let heads = 0.5 ** n, share = heads; share <= 0.025;) {
    rank++;
    heads *= (n - rank + 1) / rank;
    share += heads;
  }
  const low = Math.max(0, rank - 1);
  const median = n % 2 ? ratios[(n - 1) / 2] : (ratios[n / 2 - 1] + ratios[n / 2]) / 2;
  return { median, low: ratios[low], high: ratios[n - 1 - low] };
}
