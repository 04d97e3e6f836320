// What to do when devices come and go. Pure.

/** @typedef {{deviceId: string, label: string}} Device @typedef {"camera" | "microphone"} DeviceKind */

/** The device that was lost, if it is there again. A browser's "default" names another device each time: the label decides, too. @param {Device} lost @param {Device[]} there */
export const returned = (lost, there) => there.find((d) => d.deviceId === lost.deviceId && d.label === lost.label) ?? null;

/** One that can stand in: the first that is not the lost one under another id. @param {Device} lost @param {Device[]} there */
export function standIn(lost, there) {
  const name = bare(lost.label);
  return there.find((d) => d.deviceId !== lost.deviceId && (!name || bare(d.label) !== name)) ?? null;
}

/** "Default - Headset" is the headset. @param {string} label */
const bare = (label) => label.replace(/^[^-]{3,24} - /, "");
