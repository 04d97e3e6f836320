// Contrast of two colours by WCAG 2.2. Pure.

/** @param {string} css `rgb(r g b)`, `rgb(r, g, b)` or `#rrggbb` @returns {number[]} red, green, blue: 0 to 255 */
export function rgbOf(css) {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(css.trim());
  return hex ? hex.slice(1).map((two) => parseInt(two, 16)) : (css.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/** @param {number[]} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} one @param {string} other @returns {number} 1 to 21 */
export function contrast(one, other) {
  const [dark, light] = [luminance(rgbOf(one)), luminance(rgbOf(other))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
