// Devices that can be pulled out and plugged in, and a screen whose sharing the browser stops: what the browser would do to tracks, list and events.
(() => {
  const { mediaDevices } = navigator;
  const [ask, list] = [mediaDevices.getUserMedia.bind(mediaDevices), mediaDevices.enumerateDevices.bind(mediaDevices)];
  const tracks = { video: [], audio: [] };
  const gone = new Set();

  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    for (const track of stream.getTracks()) tracks[track.kind].push(track);
    return stream;
  };
  mediaDevices.enumerateDevices = async () => (await list()).filter((device) => !gone.has(device.label));

  const share = mediaDevices.getDisplayMedia.bind(mediaDevices);
  mediaDevices.getDisplayMedia = async (constraints) => {
    const stream = await share(constraints);
    window.stopSharing = () => {
      for (const track of stream.getTracks()) { track.stop(); track.dispatchEvent(new Event("ended")); }
    };
    return stream;
  };

  window.newest = (kind) => tracks[kind].at(-1);
  window.unplug = (kind) => {
    const track = window.newest(kind);
    gone.add(track.label);
    track.stop();
    track.dispatchEvent(new Event("ended"));
    mediaDevices.dispatchEvent(new Event("devicechange"));
  };
  window.plugIn = () => {
    gone.clear();
    mediaDevices.dispatchEvent(new Event("devicechange"));
  };
})();
