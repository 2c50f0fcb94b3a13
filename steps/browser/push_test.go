package browser

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pushed is a page that registers for pushes as the web client of Firebase does, and keeps what its worker tells it.
const pushed = `
	globalThis.heard = [];
	navigator.serviceWorker.onmessage = (event) => heard.push(event.data);
	const call = (method, address, body) => fetch(address, { method, headers: { 'x-goog-api-key': 'key' }, body }).then((answer) => answer.json());
	globalThis.register = async () => {
		if ((await Notification.requestPermission()) !== 'granted') return 'no permission';
		await navigator.serviceWorker.register('/worker.js');
		const worker = await navigator.serviceWorker.ready;
		globalThis.subscription = await worker.pushManager.subscribe({ userVisibleOnly: true });
		const { authToken } = await call('POST', 'https://firebaseinstallations.googleapis.com/v1/projects/p/installations', '{"appId":"a"}');
		if (!authToken.token) return 'no installation';
		const body = JSON.stringify({ endpoint: subscription.endpoint, auth: subscription.getKey('auth').byteLength, p256dh: subscription.getKey('p256dh').byteLength });
		return (await call('POST', 'https://fcmregistrations.googleapis.com/v1/projects/p/registrations', body)).token;
	};`

// pushWorker shows what is pushed, and does as a push says.
const pushWorker = `self.addEventListener('push', (event) => {
	const text = event.data.text();
	if (text === 'throw') throw new Error('no idea what this is');
	if (text === 'hang') return event.waitUntil(new Promise(() => {}));
	if (text === 'loop') for (;;);
	event.waitUntil((async () => {
		for (const page of await clients.matchAll({ includeUncontrolled: true })) page.postMessage(text);
		await self.registration.showNotification('News', { body: text, tag: 'news' });
	})());
});`

func pushRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{"/worker.js": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(pushWorker))
	}}
}

// showPushed opens the page in a tab in which pushes are stood in for.
func showPushed(t *testing.T, o PushOptions) (*Tab, *Push, *record) {
	t.Helper()
	tab := lease(t, shared)
	p, err := tab.StandInForPush(bounded(t), o)
	require.NoError(t, err)
	seen := newRecord()
	require.NoError(t, tab.Open(bounded(t), serve(t, script(pushed), pushRoutes())+"/", seen.add))
	return tab, p, seen
}

func TestAPushReachesTheWorkerAndItsNotificationIsRecorded(t *testing.T) {
	tab, p, seen := showPushed(t, PushOptions{Token: "token-1"})
	delivered, err := p.Deliver(bounded(t), "too early")
	require.NoError(t, err)
	assert.False(t, delivered, "nobody has subscribed")

	assert.Equal(t, `"token-1"`, eval(t, tab, "register()"))
	asked := seen.of("request", "")
	require.Len(t, asked, 2, "%s", seen)
	assert.Equal(t, "POST /v1/projects/p/installations", asked[0].Name)
	assert.Equal(t, "push service", asked[1].To)
	assert.JSONEq(t, `{"host":"https://fcmregistrations.googleapis.com","method":"POST","path":"/v1/projects/p/registrations","body":{"endpoint":"https://fcm.googleapis.com/fcm/send/token-1","auth":16,"p256dh":65}}`, string(asked[1].Data))

	for _, text := range []string{"first", "throw", "second"} {
		delivered, err = p.Deliver(bounded(t), text)
		require.NoError(t, err)
		assert.True(t, delivered)
	}
	shown := seen.of("notification", "News")
	require.Len(t, shown, 2, "%s", seen)
	assert.JSONEq(t, `{"options":{"body":"second","tag":"news"}}`, string(shown[1].Data))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Equal(t, `["first","second"]`, eval(t, tab, "heard"))

	assert.Equal(t, "true", eval(t, tab, "subscription.unsubscribe()"))
	delivered, err = p.Deliver(bounded(t), "too late")
	require.NoError(t, err)
	assert.False(t, delivered)
	assert.Equal(t, "false", eval(t, tab, "subscription.unsubscribe()"))
}

func TestAPushGoesOnOverAReload(t *testing.T) {
	tab, p, seen := showPushed(t, PushOptions{Token: "token-1"})
	assert.Equal(t, `"token-1"`, eval(t, tab, "register()"))
	require.NoError(t, tab.Reload(bounded(t)))
	delivered, err := p.Deliver(bounded(t), "still here")
	require.NoError(t, err)
	assert.True(t, delivered)
	assert.Len(t, seen.of("notification", ""), 1)
}

func TestAPageMayShowNotificationsItself(t *testing.T) {
	tab, _, seen := showPushed(t, PushOptions{Token: "token-1"})
	require.NoError(t, tab.Evaluate(bounded(t), `register().then(() => navigator.serviceWorker.ready).then((worker) => worker.showNotification('one')).then(() => { new Notification('two', { body: 'b' }); })`, nil))
	shown := seen.of("notification", "")
	require.Len(t, shown, 2, "%s", seen)
	assert.Equal(t, "one", shown[0].Name)
	assert.JSONEq(t, `{"options":{"body":"b"}}`, string(shown[1].Data))
}

func TestNothingShowsThatPushesAreStoodInFor(t *testing.T) {
	tab, _, _ := showPushed(t, PushOptions{Token: "token-1"})
	assert.JSONEq(t, `["subscribe","showNotification","Notification",true,true]`, eval(t, tab, `register().then(() => [
		PushManager.prototype.subscribe.name, ServiceWorkerRegistration.prototype.showNotification.name, Notification.name,
		subscription instanceof PushSubscription, Notification.permission === 'granted'])`))
}

func TestThePermissionCanBeDeniedAndTheServiceOutOfReach(t *testing.T) {
	tab, _, seen := showPushed(t, PushOptions{Denied: true})
	assert.Equal(t, `"no permission"`, eval(t, tab, "register()"))
	assert.Equal(t, `"NotAllowedError"`, eval(t, tab, `navigator.serviceWorker.register('/worker.js').then((worker) => worker.pushManager.subscribe()).catch((error) => error.name)`))
	assert.Empty(t, seen.of("request", ""))

	tab, _, seen = showPushed(t, PushOptions{Unreachable: true})
	assert.Equal(t, `"TypeError"`, eval(t, tab, "register().catch((error) => error.name)"))
	assert.Len(t, seen.of("request", "POST /v1/projects/p/installations"), 1)
}

func TestAWorkerThatIsNeverDoneHoldsNothingUp(t *testing.T) {
	for _, what := range []string{"hang", "loop"} {
		t.Run(what, func(t *testing.T) {
			tab, p, _ := showPushed(t, PushOptions{Token: "token-1"})
			assert.Equal(t, `"token-1"`, eval(t, tab, "register()"))
			promptly(t, func() {
				_, err := p.Deliver(bounded(t), what)
				require.NoError(t, err)
			})
			promptly(t, tab.Release)
		})
	}
}

func TestPushesEndWithTheLease(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Tabs: 1})
	require.NoError(t, err)
	defer func() { _ = pool.Close() }()
	tab, err := pool.Lease(bounded(t))
	require.NoError(t, err)
	p, err := tab.StandInForPush(bounded(t), PushOptions{Token: "token-1"})
	require.NoError(t, err)
	origin := serve(t, script(pushed), pushRoutes())
	seen := newRecord()
	require.NoError(t, tab.Open(bounded(t), origin+"/", seen.add))
	assert.Equal(t, `"token-1"`, eval(t, tab, "register()"))
	_, err = p.Deliver(bounded(t), "first")
	require.NoError(t, err)
	session := tab.session
	tab.Release()

	again, err := pool.Lease(bounded(t))
	require.NoError(t, err)
	defer again.Release()
	assert.Same(t, session, again.session, "it is good enough to be used again")
	later := newRecord()
	require.NoError(t, again.Open(bounded(t), origin+"/", later.add))
	assert.NotEqual(t, `"granted"`, eval(t, again, "Notification.requestPermission()"))
	assert.Equal(t, "0", eval(t, again, "navigator.serviceWorker.getRegistrations().then((all) => all.length)"))
	assert.Equal(t, "true", eval(t, again, "PushManager.prototype.subscribe.toString().includes('native code')"))
	assert.Empty(t, later.of("request", ""))
	_, err = p.Deliver(bounded(t), "to nobody")
	require.ErrorIs(t, err, ErrReleased)
}
