// Runs in a viewer's page before its own scripts and writes down what its <video> really does.
// Times are Date.now() (ms). `landed`: media time of the first picture after the last seek.
// `stalls`: where the media should have run and stood still, at least 80 ms.
// `frozen`: the longest media time (s) for which one picture stood while the media ran, and where it began.
window.diary = { frames: 0, firstFrame: null, landed: null, loads: [], stalls: [], frozen: { seconds: 0, position: 0 }, errors: [] };

(() => {
  const diary = window.diary;
  const TICK_MS = 20;
  const STALL_MS = 80;

  /** @param {HTMLVideoElement} video */
  function keep(video) {
    let shown = null;
    let early = null; // a picture that came before "seeked": of a video that stands, the only one
    let last = null; // it may even come before "seeking" is told
    const onFrame = (_now, facts) => {
      const stood = shown === null ? 0 : facts.mediaTime - shown;
      if (stood > diary.frozen.seconds) diary.frozen = { seconds: stood, position: shown };
      shown = video.seeking ? null : facts.mediaTime;
      last = facts.mediaTime;
      diary.frames += 1;
      if (video.seeking) early = facts.mediaTime;
      else diary.landed ??= facts.mediaTime;
      diary.firstFrame ??= Date.now();
      const load = diary.loads.at(-1);
      if (load && load.firstFrame === null) load.firstFrame = Date.now();
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
    video.addEventListener("loadstart", () => { diary.loads.push({ at: Date.now(), firstFrame: null }); shown = null; });
    video.addEventListener("seeking", () => {
      diary.landed = shown = null;
      early = last !== null && Math.abs(last - video.currentTime) < 0.1 ? last : null;
    });
    video.addEventListener("seeked", () => {
      if (early !== null && Math.abs(early - video.currentTime) < 1) diary.landed ??= early; // else it was one from before
    });
    video.addEventListener("error", () => diary.errors.push(video.error?.message ?? "error"));
    watchForStalls(video);
  }

  /** Wall time that passed without the media time that belongs to it. @param {HTMLVideoElement} video */
  function watchForStalls(video) {
    let at = performance.now();
    let position = video.currentTime;
    let started = false;
    const again = () => { at = performance.now(); position = video.currentTime; };
    for (const name of ["seeking", "seeked", "emptied", "ended", "pause", "play", "ratechange"]) video.addEventListener(name, again);
    video.addEventListener("loadstart", () => { started = false; });
    setInterval(() => {
      if (video.paused || video.ended || video.seeking) return again();
      const now = performance.now();
      const moved = video.currentTime - position;
      if (moved === 0) {
        if (started && now - at > STALL_MS) note(video, now - at, at);
        return undefined;
      }
      started = true;
      const lost = now - at - (1000 * moved) / video.playbackRate;
      if (lost > STALL_MS) note(video, lost, at);
      return again();
    }, TICK_MS);
  }

  /** One entry per stall, growing while it lasts. @param {HTMLVideoElement} video @param {number} ms @param {number} since */
  function note(video, ms, since) {
    const last = diary.stalls.at(-1);
    if (last && last.since === since) last.ms = Math.max(last.ms, ms);
    else diary.stalls.push({ since, at: Date.now(), ms, position: video.currentTime });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video");
    if (video) keep(video);
  });
})();
