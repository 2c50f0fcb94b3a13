// Capture of the screen: a browser without a screen has none to give, and a visible one would ask in a window of its own. So whoever asks for the screen gets the picture of an
// empty canvas, in real tracks, and what becomes of each capture is recorded: it goes on for as long as any of its tracks, or of their copies, does.
const captures = new NativeMap();
const captureOf = new NativeWeakMap();
let lastCapture = 0;
let refusals = 0;

const trackState = getter(MediaStreamTrack.prototype, 'readyState');
const stopTrack = method(MediaStreamTrack.prototype.stop);
const tracksOf = method(MediaStream.prototype.getTracks);
const settingsOf = method(MediaStreamTrack.prototype.getSettings);
const makeElement = method(Document.prototype.createElement);
const canvasContext = method(HTMLCanvasElement.prototype.getContext);
const captureCanvas = method(HTMLCanvasElement.prototype.captureStream);
const dispatch = method(EventTarget.prototype.dispatchEvent);
const NativeEvent = Event;
const blameCaller = () => blame(stackOf(new NativeError()), '');

function follows(capture, stream) {
  const tracks = tracksOf(stream);
  for (let i = 0; i < tracks.length; i++) belongs(capture, tracks[i]);
}

function belongs(capture, track) {
  weakSet(captureOf, track, capture);
  setAdd(capture.tracks, track);
  override(track, 'getSettings', () => ({ ...settingsOf(track), displaySurface: 'browser' }));
}

const isLive = (capture) => {
  let live = false;
  setForEach(capture.tracks, (track) => { live ||= trackState(track) === 'live'; });
  return live;
};

// lapsed records the end of a capture, once its last track has stopped.
function lapsed(capture, from) {
  if (isLive(capture) || !mapDelete(captures, capture.id)) return;
  emit('capture', 'stopped', from, 'page', '{"capture":' + capture.id + '}', capture.entry, 0, '', '');
}

if (typeof MediaDevices === 'function' && typeof MediaDevices.prototype.getDisplayMedia === 'function') {
  override(MediaDevices.prototype, 'getDisplayMedia', function (options) {
    const from = blameCaller();
    if (refusals > 0) {
      refusals--;
      emit('capture', 'refused', 'user', 'page', '', 0, 0, 'the user closed the browser\'s own choice of screens', '');
      return promised((_, reject) => reject(new NativeDOMException('Permission denied', 'NotAllowedError')));
    }
    const asked = options === undefined ? '' : ',"options":' + snapshot(options, 2000).json;
    const canvas = makeElement(document, 'canvas');
    canvasContext(canvas, '2d');
    const capture = { id: ++lastCapture, tracks: new NativeSet(), canvas, entry: 0 };
    const stream = captureCanvas(canvas, 1);
    follows(capture, stream);
    mapSet(captures, capture.id, capture);
    capture.entry = emit('capture', 'started', from, 'page', '{"capture":' + capture.id + asked + '}', 0, 0, '', '');
    return promised((resolve) => resolve(stream));
  });
  override(MediaStreamTrack.prototype, 'stop', function () {
    stopTrack(this);
    const capture = weakGet(captureOf, this);
    if (capture !== undefined) lapsed(capture, blameCaller());
  });
  const copyTrack = method(MediaStreamTrack.prototype.clone);
  override(MediaStreamTrack.prototype, 'clone', function () {
    const copied = copyTrack(this);
    const capture = weakGet(captureOf, this);
    if (capture !== undefined) belongs(capture, copied);
    return copied;
  });
  const copyStream = method(MediaStream.prototype.clone);
  override(MediaStream.prototype, 'clone', function () {
    const copied = copyStream(this);
    const tracks = tracksOf(this);
    for (let i = 0; i < tracks.length; i++) {
      const capture = weakGet(captureOf, tracks[i]);
      if (capture !== undefined) follows(capture, copied);
    }
    return copied;
  });
}

// endCapture is the user's stop in the browser's own bar: the tracks end and say so. It answers how many captures there were.
function endCapture() {
  let ended = 0;
  mapForEach(captures, (capture) => {
    ended++;
    setForEach(capture.tracks, (track) => {
      if (trackState(track) !== 'live') return;
      stopTrack(track);
      turn(() => dispatch(track, new NativeEvent('ended')));
    });
    lapsed(capture, 'user');
  });
  return ended;
}

// refuseCapture has the user close the browser's own choice of screens the next so many times.
function refuseCapture(times) {
  refusals = whole(times);
}
