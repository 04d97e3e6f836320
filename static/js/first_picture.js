// When a <video> has begun to show: what may wait (its controls) waits for that.

const STILL_MS = 1000; // so long a picture that is there and does not move is taken for paused

/** @param {HTMLVideoElement} video @returns {Promise<void>} the picture moves, or stands because nobody has pressed play */
export function firstPicture(video) {
  return new Promise((resolve) => {
    let timer = 0;
    const look = () => {
      clearTimeout(timer);
      if (video.paused) timer = window.setTimeout(resolve, STILL_MS);
      else onSecondFrame(video, resolve);
    };
    video.addEventListener("loadeddata", look, { once: true });
    video.addEventListener("playing", look, { once: true });
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) look();
  });
}

/** @param {HTMLVideoElement} video @param {() => void} then */
function onSecondFrame(video, then) {
  if (!video.requestVideoFrameCallback) { video.addEventListener("timeupdate", then, { once: true }); return; }
  video.requestVideoFrameCallback(() => video.requestVideoFrameCallback(then));
}
