// What a viewer's picture shows, by its pixels: the tests' camera is magenta all over, Chromium's fake screen is green.
// `sceneSeen()` → "camera", "screen", "side", "inset top-left" …, or "none" for anything else.
(() => {
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** Which part of a stretch of the picture is the camera. */
  function share(pixels, left, top, right, bottom) {
    let [magenta, all] = [0, 0];
    for (let y = Math.round(top * 36); y < Math.round(bottom * 36); y++) {
      for (let x = Math.round(left * 64); x < Math.round(right * 64); x++) {
        const at = 4 * (64 * y + x);
        all += 1;
        if (pixels[at] > 150 && pixels[at + 1] < 100 && pixels[at + 2] > 150) magenta += 1;
      }
    }
    return magenta / all;
  }

  window.sceneSeen = () => {
    const video = document.querySelector("video");
    if (!video.videoWidth) return "none";
    context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    const part = (...box) => share(data, ...box);
    if (part(0, 0, 1, 1) > 0.98) return "camera";
    if (part(0, 0, 1, 1) < 0.01) return "screen";
    if (part(0.74, 0.2, 0.97, 0.8) > 0.95 && part(0, 0, 0.7, 1) < 0.01) return "side";
    const corners = { "top-left": [0.05, 0.08], "top-right": [0.78, 0.08], "bottom-left": [0.05, 0.78], "bottom-right": [0.78, 0.78] };
    const covered = Object.entries(corners).filter(([, [x, y]]) => part(x, y, x + 0.17, y + 0.14) > 0.95).map(([name]) => name);
    return covered.length === 1 && part(0.3, 0.3, 0.7, 0.7) < 0.01 ? `inset ${covered[0]}` : "none";
  };
})();
