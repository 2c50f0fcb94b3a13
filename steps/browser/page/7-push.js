// Pushes: a browser that reaches no push service has no subscription to give. While one is stood in for, whoever subscribes gets one that looks like any, and what is shown to
// the user as a notification is recorded, because a browser without a screen shows none.
let subscription = null;
const scopeOf = typeof ServiceWorkerRegistration === 'function' ? getter(ServiceWorkerRegistration.prototype, 'scope') : () => '';

// standIn begins it, before any script of the page runs: how is {endpoint, denied}.
function standIn(how) {
  if (typeof PushManager !== 'function') return;
  const managers = new NativeWeakMap();
  const managerOf = getOwnPropertyDescriptor(ServiceWorkerRegistration.prototype, 'pushManager');
  const nativeManager = method(managerOf.get);
  const getManager = getOwnPropertyDescriptor({
    get pushManager() {
      const manager = nativeManager(this);
      weakSet(managers, manager, scopeOf(this));
      return manager;
    },
  }, 'pushManager').get;
  defineProperty(ServiceWorkerRegistration.prototype, 'pushManager', { get: getManager, enumerable: managerOf.enumerable, configurable: true });
  override(PushManager.prototype, 'getSubscription', () => promised((resolve) => resolve(subscription)));
  override(PushManager.prototype, 'subscribe', function (options) {
    if (how.denied) return promised((_, reject) => reject(new NativeDOMException('Registration failed - permission denied', 'NotAllowedError')));
    subscription ??= subscriptionOf(how.endpoint, weakGet(managers, this) ?? '', options);
    return promised((resolve) => resolve(subscription));
  });
  override(ServiceWorkerRegistration.prototype, 'showNotification', (title, options) => {
    notified(title, options);
    return promised((resolve) => resolve());
  });
  const permission = how.denied ? 'denied' : 'granted';
  override(Notification, 'requestPermission', (tell) => {
    if (typeof tell === 'function') turn(() => tell(permission));
    return promised((resolve) => resolve(permission));
  });
  override(window, 'Notification', new NativeProxy(Notification, {
    get: (target, name) => (name === 'permission' ? permission : target[name]),
    construct(target, args, newTarget) {
      notified(args[0], args[1]);
      return construct(target, args, newTarget);
    },
  }));
}

// A worker that is on its way to its work is in flight: what waits for it waits for no timer of the page's.
if (typeof ServiceWorkerContainer === 'function') {
  const register = ServiceWorkerContainer.prototype.register;
  const installing = getter(ServiceWorkerRegistration.prototype, 'installing');
  const waiting = getter(ServiceWorkerRegistration.prototype, 'waiting');
  const active = getter(ServiceWorkerRegistration.prototype, 'active');
  const stateOf = getter(ServiceWorker.prototype, 'state');
  // A worker that is installed beside another waits until nobody needs that any more.
  const whenSettled = (registration, worker, land) => {
    const look = () => {
      const state = stateOf(worker);
      if (state === 'activated' || state === 'redundant' || (state === 'installed' && active(registration) !== null)) land();
    };
    listen(worker, 'statechange', look);
    look();
  };
  override(ServiceWorkerContainer.prototype, 'register', function (...args) {
    const land = takeOff('a service worker that is being installed');
    return passOn(apply(register, this, args), (registration) => {
      const worker = installing(registration) ?? waiting(registration) ?? active(registration);
      if (worker === null) land();
      else whenSettled(registration, worker, land);
    }, land);
  });
}

function notified(title, options) {
  emit('notification', readable(title), 'page', 'user', options === undefined ? '' : '{"options":' + snapshot(options, 2000).json + '}', 0, 0, '', '');
}

function subscriptionOf(endpoint, scope, options) {
  const keys = { auth: filled(16), p256dh: filled(65) };
  const tell = (on) => control('$push', ',"d":{"scope":' + quote(scope) + ',"on":' + on + '}');
  tell(true);
  const member = (value) => ({ value, writable: true, enumerable: true, configurable: true });
  return create(PushSubscription.prototype, {
    endpoint: member(endpoint),
    expirationTime: member(null),
    options: member({ applicationServerKey: options?.applicationServerKey ?? null, userVisibleOnly: true }),
    getKey: member((name) => keys[name]?.buffer ?? null),
    toJSON: member(() => ({ endpoint, expirationTime: null, keys: { auth: 'AAAAAAAAAAAAAAAAAAAAAA', p256dh: 'BAAA' } })),
    unsubscribe: member(() => {
      const had = subscription !== null;
      subscription = null;
      if (had) tell(false);
      return promised((resolve) => resolve(had));
    }),
  });
}

// filled makes a key of so many bytes. An uncompressed point begins with a 4.
function filled(length) {
  const bytes = new NativeBytes(length);
  bytes[0] = 4;
  return bytes;
}
const NativeBytes = Uint8Array;
