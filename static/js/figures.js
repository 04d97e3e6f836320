// Numbers as people read them. Pure: no DOM, no clock.

/** @param {number} seconds @returns {string} `4:07`, `1:04:07` */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length in a sentence. @param {number} seconds @param {string} language @returns {string} `20 seconds`, `4 minutes` */
export function lengthInWords(seconds, language) {
  const [unit, count] = seconds < 99.5 ? ["second", seconds] : ["minute", seconds / 60];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.max(1, Math.round(count)));
}

/** @param {number} bytes @param {string} language @returns {string} `12.3 MB` */
export function byteSize(bytes, language) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const digits = step < 2 ? 0 : 1;
  const number = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number.format(bytes / 1000 ** step)} ${units[step]}`;
}

/** @param {string} iso @param {string} language @returns {string} `14:02`, in the reader's zone */
export function timeOfDay(iso, language) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/** @param {number} secondsAgo @param {string} language @returns {string} `now`, `5 minutes ago`, `yesterday` */
export function ago(secondsAgo, language) {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (secondsAgo >= length) return format.format(-Math.floor(secondsAgo / length), unit);
  }
  return format.format(0, "second");
}
