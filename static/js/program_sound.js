// The program's sound: the microphone, and the sound of the shared screen mixed into it while there is one.
// Owned by program.js; ends with close(). The microphone alone is passed on as it is: no mixer can then stop or delay it.

export class ProgramSound {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStreamTrack | null} */ #track = null;

  /** What to send now, null: nothing. */
  get track() { return this.#track; }

  /** @param {(MediaStreamTrack | null)[]} tracks of the sources that sound now */
  set(tracks) {
    this.close();
    const sounding = /** @type {MediaStreamTrack[]} */ (tracks.filter((track) => track && track.readyState === "live"));
    this.#track = sounding.length > 1 ? this.#mixed(sounding) : sounding[0] ?? null;
  }

  /** @param {MediaStreamTrack[]} tracks @returns {MediaStreamTrack} */
  #mixed(tracks) {
    try {
      const context = new AudioContext({ latencyHint: "interactive" });
      this.#context = context;
      const mix = context.createMediaStreamDestination();
      for (const track of tracks) context.createMediaStreamSource(new MediaStream([track])).connect(mix);
      void context.resume();
      return mix.stream.getAudioTracks()[0];
    } catch (error) {
      console.warn("sound is not mixed:", error); // Firefox: tracks of different sample rates. The microphone comes first.
      return tracks[0];
    }
  }

  close() {
    void this.#context?.close();
    this.#context = null;
    this.#track = null;
  }
}
