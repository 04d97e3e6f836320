// Runs in a viewer's page before its own scripts, beside playback_diary.js, and reads the clock in the picture
// (clock_picture.py). `window.clock.samples`: [performance.now() at which a picture was handed to the page, ms of the
// sender's clock in it, media time, playback rate], at most one each READ_MS. `unread`: pictures whose sum was wrong.
// `seeks`: where playback jumped to, by whomever, since the first picture: [performance.now(), from, to].
window.clock = { samples: [], unread: 0, seeks: [] };

(() => {
  const READ_MS = 100;
  const WIDTH = 640;
  const ROW = 16; // in the middle of the blocks
  const BITS = 40;
  const canvas = new OffscreenCanvas(WIDTH, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });

  /** @param {HTMLVideoElement} video @returns {number | null} ms */
  function read(video) {
    context.drawImage(video, 0, ROW, WIDTH, 1, 0, 0, WIDTH, 1);
    const { data } = context.getImageData(0, 0, WIDTH, 1);
    const block = WIDTH / BITS;
    const bytes = [0, 0, 0, 0, 0];
    for (let bit = 0; bit < BITS; bit += 1) {
      const light = data[4 * Math.floor((bit + 0.5) * block)] > 128;
      bytes[bit >> 3] = bytes[bit >> 3] * 2 + Number(light);
    }
    const sum = (bytes[0] + bytes[1] + bytes[2] + bytes[3] + 90) & 255;
    return sum === bytes[4] ? ((bytes[0] * 256 + bytes[1]) * 256 + bytes[2]) * 256 + bytes[3] : null;
  }

  /** @param {HTMLVideoElement} video */
  function watch(video) {
    let readAt = -Infinity;
    let position = 0;
    const onFrame = (_now, facts) => {
      const now = performance.now();
      if (now - readAt >= READ_MS) {
        readAt = now;
        const told = read(video);
        if (told === null) window.clock.unread += 1;
        else window.clock.samples.push([now, told, facts.mediaTime, video.playbackRate]);
      }
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    video.addEventListener("timeupdate", () => { if (!video.seeking) position = video.currentTime; });
    video.addEventListener("seeking", () => {
      if (window.clock.samples.length) window.clock.seeks.push([performance.now(), position, video.currentTime]);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video");
    if (video) watch(video);
  });
})();
