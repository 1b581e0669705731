// biome-ignore format: a table
const small = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve',
  'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
];

// biome-ignore format: a table
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** A whole number below a million in English words, as `num2words` of Python writes it. */
export function numberWords(count: number): string {
  if (count >= 1000) {
    const rest = count % 1000;
    const thousands = `${numberWords(Math.floor(count / 1000))} thousand`;
    if (rest === 0) return thousands;
    return `${thousands}${rest < 100 ? ' and' : ','} ${numberWords(rest)}`;
  }
  if (count >= 100) {
    const rest = count % 100;
    const hundreds = `${small[Math.floor(count / 100)]} hundred`;
    return rest === 0 ? hundreds : `${hundreds} and ${numberWords(rest)}`;
  }
  if (count < 20) return small[count] ?? '';
  const ones = count % 10;
  return `${tens[Math.floor(count / 10)]}${ones === 0 ? '' : `-${small[ones]}`}`;
}
